/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* What `bpftool prog show` says of a program beside its name: filled in by the loader (dataplane/load/metadata.c). */
#ifndef KL_BPF_METADATA_H
#define KL_BPF_METADATA_H

enum { METADATA_BYTES = 24 };
const volatile char bpf_metadata_version[METADATA_BYTES] SEC(".rodata") = "";
const volatile char bpf_metadata_git[METADATA_BYTES] SEC(".rodata") = "";

#endif
