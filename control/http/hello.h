/* What a TLS client says first. Pure; any bytes will do; fuzzed. */
#ifndef KL_HELLO_H
#define KL_HELLO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Whether these bytes are the start of a ClientHello (RFC 8446 section 4.1.2) that offers `protocol` by ALPN (RFC
 * 7301).
 */
bool kl_hello_offers(const uint8_t *data, size_t len, const char *protocol);

#endif
