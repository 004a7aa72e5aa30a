#include "names.h"

#include "api.h"

#include <ctype.h>
#include <string.h>

static bool is_lower_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool is_alnum(char c)
{
	return isalnum((unsigned char)c) && (unsigned char)c < 0x80;
}

static bool label_form(const char *text, size_t len)
{
	if (!len || !is_lower_alnum(text[0]) || !is_lower_alnum(text[len - 1]))
		return false;
	for (size_t i = 0; i < len; i++)
		if (!is_lower_alnum(text[i]) && text[i] != '-')
			return false;
	return true;
}

const char *kl_name_dns_label(const char *text)
{
	size_t len = strlen(text);
	if (len > 63)
		return "must be no more than 63 characters";
	if (!label_form(text, len))
		return "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must "
		       "start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for "
		       "validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
	return NULL;
}

static bool subdomain_form(const char *text, size_t len)
{
	for (size_t start = 0; start <= len;) {
		const char *dot = memchr(text + start, '.', len - start);
		size_t end = dot ? (size_t)(dot - text) : len;
		if (!label_form(text + start, end - start))
			return false;
		start = end + 1;
	}
	return true;
}

const char *kl_name_dns_subdomain(const char *text)
{
	size_t len = strlen(text);
	if (len > 253)
		return "must be no more than 253 characters";
	if (!subdomain_form(text, len))
		return "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', "
		       "and "
		       "must start and end with an alphanumeric character (e.g. 'example.com', regex used for "
		       "validation "
		       "is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
	return NULL;
}

const char *kl_name_dns_1035(const char *text)
{
	size_t len = strlen(text);
	if (len > 63)
		return "must be no more than 63 characters";
	if (!label_form(text, len) || !(text[0] >= 'a' && text[0] <= 'z'))
		return "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an "
		       "alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', "
		       "regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";
	return NULL;
}

const char *kl_name_path_segment(const char *text)
{
	if (!strcmp(text, "."))
		return "may not be '.'";
	if (!strcmp(text, ".."))
		return "may not be '..'";
	if (strchr(text, '/'))
		return "may not contain '/'";
	if (strchr(text, '%'))
		return "may not contain '%'";
	return NULL;
}

static bool name_part(const char *text, size_t len)
{
	if (!len || !is_alnum(text[0]) || !is_alnum(text[len - 1]))
		return false;
	for (size_t i = 0; i < len; i++)
		if (!is_alnum(text[i]) && text[i] != '-' && text[i] != '_' && text[i] != '.')
			return false;
	return true;
}

const char *kl_name_qualified(const char *text)
{
	const char *slash = strchr(text, '/'), *name = slash ? slash + 1 : text;
	if (slash && strchr(name, '/'))
		return "a qualified name must consist of alphanumeric characters, '-', '_' or '.', and must start and "
		       "end "
		       "with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for "
		       "validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]') with an optional DNS subdomain "
		       "prefix "
		       "and '/' (e.g. 'example.com/MyName')";
	if (slash == text)
		return "prefix part must be non-empty";
	if (slash && (slash - text > 253 || !subdomain_form(text, (size_t)(slash - text))))
		return "prefix part a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, "
		       "'-' "
		       "or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used "
		       "for "
		       "validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
	if (!*name)
		return "name part must be non-empty";
	if (strlen(name) > 63)
		return "name part must be no more than 63 characters";
	if (!name_part(name, strlen(name)))
		return "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end "
		       "with an "
		       "alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation "
		       "is "
		       "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
	return NULL;
}

const char *kl_name_label_value(const char *text)
{
	size_t len = strlen(text);
	if (len > 63)
		return "must be no more than 63 characters";
	if (len && !name_part(text, len))
		return "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', "
		       "and "
		       "must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or "
		       "'12345', "
		       "regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
	return NULL;
}

const char *kl_name_port(const char *text)
{
	size_t len = strlen(text), letters = 0;
	if (len > 15)
		return "must be no more than 15 characters";
	for (size_t i = 0; i < len; i++)
		letters += text[i] >= 'a' && text[i] <= 'z';
	if (strstr(text, "--"))
		return "must not contain consecutive hyphens";
	if (!len || (len && (text[0] == '-' || text[len - 1] == '-')))
		return "must not begin or end with a hyphen";
	for (size_t i = 0; i < len; i++)
		if (!is_lower_alnum(text[i]) && text[i] != '-')
			return "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)";
	return letters ? NULL : "must contain at least one letter (a-z)";
}

const char *kl_name_env(const char *text)
{
	static const char words[] = "a valid environment variable name must consist only of printable ASCII characters "
				    "other than '='";
	if (!*text)
		return words;
	for (const char *at = text; *at; at++)
		if (*at < ' ' || *at > '~' || *at == '=')
			return words;
	return NULL;
}

const char *kl_name_config_key(const char *text)
{
	size_t len = strlen(text);
	if (len > 253)
		return "must be no more than 253 characters";
	for (size_t i = 0; i < len; i++)
		if (!is_alnum(text[i]) && !strchr("-_.", text[i]))
			len = 0;
	if (!len)
		return "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  "
		       "or "
		       "'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";
	if (!strcmp(text, "."))
		return "must not be '.'";
	if (!strncmp(text, "..", 2))
		return "must not start with '..'";
	return NULL;
}

bool kl_valid_dns_label(const char *name)
{
	return !kl_name_dns_label(name);
}

bool kl_valid_dns_subdomain(const char *name)
{
	return !kl_name_dns_subdomain(name);
}
