/* The benchmarks of `keelson bench`, a function each: returns the exit code. */
#ifndef KL_BENCH_H
#define KL_BENCH_H

int kl_bench_control(int argc, char **argv);
int kl_bench_dataplane(int argc, char **argv);
int kl_bench_events(int argc, char **argv);
int kl_bench_memory(int argc, char **argv);
int kl_bench_path(int argc, char **argv);
int kl_bench_program(int argc, char **argv);
int kl_bench_sock(int argc, char **argv);

#endif
