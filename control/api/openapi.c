#include "document.h"
bool kl_openapi_build(const char *path, const char *form, struct kl_buf *buf)
{
	(void)path; (void)form; (void)buf;
	return false;
}
