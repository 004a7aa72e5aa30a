/* What the machine gives, for comparison: the disk's syncs and the cipher. */
#include "bench_control.h"

#include "clock.h"
#include "mem.h"

#include <fcntl.h>
#include <gnutls/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { APPEND = 64 * 1024, RECORD = 16 * 1024, TAG = 16 };

/* What a group commit does to the disk: append to a file and wait until it is there. */
double bench_fsyncs(const char *dir)
{
	kl_autofree char *path = kl_asprintf("%s/fsync.bench", dir);
	kl_autofree char *data = kl_calloc(1, APPEND);
	kl_autoclose int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	int count = 0;
	int64_t start = kl_monotonic_ns();
	/* as SQLite's log does: over and over the same, already allocated stretch of the file */
	while (fd >= 0 && kl_monotonic_ns() - start < 1000000000LL) {
		if (pwrite(fd, data, APPEND, (off_t)(count % 64) * APPEND) != APPEND || fdatasync(fd) < 0)
			break;
		count++;
	}
	double seconds = (double)(kl_monotonic_ns() - start) / 1e9;
	unlink(path);
	return count / seconds;
}

static bool cipher_record(
	gnutls_aead_cipher_hd_t cipher, const unsigned char *plain, unsigned char *sealed, unsigned char *opened)
{
	static const unsigned char nonce[12], header[5];
	size_t sealed_len = RECORD + TAG, opened_len = RECORD;
	return gnutls_aead_cipher_encrypt(cipher, nonce, sizeof(nonce), header, sizeof(header), TAG, plain, RECORD,
		       sealed, &sealed_len) == 0 &&
	       gnutls_aead_cipher_decrypt(cipher, nonce, sizeof(nonce), header, sizeof(header), TAG, sealed, sealed_len,
		       opened, &opened_len) == 0;
}

double bench_cipher_ms(size_t bytes)
{
	gnutls_aead_cipher_hd_t cipher;
	unsigned char key_bytes[32] = {1};
	gnutls_datum_t key = {key_bytes, sizeof(key_bytes)};
	kl_autofree unsigned char *plain = kl_calloc(1, RECORD), *sealed = kl_calloc(1, RECORD + TAG),
				  *opened = kl_calloc(1, RECORD);
	if (gnutls_aead_cipher_init(&cipher, GNUTLS_CIPHER_AES_256_GCM, &key) < 0)
		return 0;
	double best = 0;
	for (int round = 0; round < 5; round++) {
		int64_t start = kl_monotonic_ns();
		for (size_t done = 0; done < bytes && cipher_record(cipher, plain, sealed, opened); done += RECORD)
			;
		double ms = (double)(kl_monotonic_ns() - start) / 1e6;
		best = round && best < ms ? best : ms;
	}
	gnutls_aead_cipher_deinit(cipher);
	return best;
}
