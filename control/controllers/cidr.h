/* Cutting an address range into equal parts, v4 and v6. Pure. */
#ifndef KL_CTL_CIDR_H
#define KL_CTL_CIDR_H

#include <stdbool.h>
#include <stdint.h>

struct cidr {
	uint8_t address[16];
	int family; /* AF_INET, AF_INET6 */
	int prefix;
};
enum { CIDR_TEXT = 52 };

bool cidr_parse(const char *text, struct cidr *ret);
/* How many parts of that prefix length there are, at most 65536; 0: the part would be bigger than the whole. */
uint32_t cidr_parts(const struct cidr *whole, int prefix);
struct cidr cidr_part(const struct cidr *whole, int prefix, uint32_t index);
/* The number of the part that `part` is; -1: it is none. */
int64_t cidr_index(const struct cidr *whole, const struct cidr *part);
void cidr_format(const struct cidr *cidr, char ret[CIDR_TEXT]);

#endif
