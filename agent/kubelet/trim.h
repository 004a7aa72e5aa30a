/*
 * Gives back what only the start needed.
 */
#ifndef KL_TRIM_H
#define KL_TRIM_H

/*
 * Unmaps the clean pages of program files (relocation and constructors touch nearly all of a dozen libraries) and the
 * free memory of malloc. What is used again comes back from the page cache at the price of a minor fault. Any thread.
 */
void kl_memory_trim(void);

#endif
