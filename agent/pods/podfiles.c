#include "podfiles.h"

#include <string.h>

char *kl_podfiles_hostname(const json_t *pod, const char *node_name)
{
	const char *own = kl_json_str(pod, "spec", "hostname", NULL),
		   *name = kl_json_str(pod, "metadata", "name", NULL);

	if (kl_json_bool(pod, false, "spec", "hostNetwork", NULL))
		return kl_strdup(node_name);
	char *text = kl_strndup(*own ? own : name, 63);
	for (size_t len = strlen(text); len && (text[len - 1] == '-' || text[len - 1] == '.');)
		text[--len] = 0; /* a cut name must not end so */
	return text;
}

static void add_aliases(struct kl_buf *text, const json_t *pod)
{
	json_t *alias, *name;
	size_t i, k;

	if (json_array_size(kl_json_get(pod, "spec", "hostAliases", NULL)))
		kl_buf_str_push(text, "\n# Entries added by HostAliases.\n");
	json_array_foreach (kl_json_get(pod, "spec", "hostAliases", NULL), i, alias) {
		kl_buf_str_push(text, kl_json_str(alias, "ip", NULL));
		json_array_foreach (json_object_get(alias, "hostnames"), k, name)
			kl_buf_printf(text, "\t%s", json_is_string(name) ? json_string_value(name) : "");
		kl_buf_char(text, '\n');
	}
}

char *kl_podfiles_hosts(const json_t *pod, const char *hostname, const char *const *ips, size_t count,
	const char *cluster_domain, const char *host_hosts)
{
	const char *subdomain = kl_json_str(pod, "spec", "subdomain", NULL);
	struct kl_buf text = {0};

	if (kl_json_bool(pod, false, "spec", "hostNetwork", NULL)) {
		kl_buf_str_push(&text, "# Kubernetes-managed hosts file (host network).\n");
		kl_buf_str_push(&text, host_hosts ? host_hosts : "127.0.0.1\tlocalhost\n");
		add_aliases(&text, pod);
		return kl_buf_take(&text);
	}
	kl_buf_str_push(&text,
		"# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n"
		"fe00::0\tip6-localnet\nfe00::0\tip6-mcastprefix\nfe00::1\tip6-allnodes\nfe00::2\tip6-allrouters\n");
	for (size_t i = 0; i < count; i++) {
		kl_buf_printf(&text, "%s\t", ips[i]);
		if (*subdomain)
			kl_buf_printf(&text, "%s.%s.%s.svc.%s\t", hostname, subdomain,
				kl_json_str(pod, "metadata", "namespace", NULL), cluster_domain);
		kl_buf_printf(&text, "%s\n", hostname);
	}
	add_aliases(&text, pod);
	return kl_buf_take(&text);
}

/* The words of the node's lines "keyword a b c". */
static void host_words(const char *resolv, const char *keyword, json_t *into)
{
	size_t len = strlen(keyword);

	for (const char *line = resolv ? resolv : ""; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		if (strncmp(line, keyword, len) || !strchr(" \t", line[len]))
			continue;
		for (const char *at = line + len; *at && *at != '\n';) {
			size_t word = strcspn(at, " \t\n");
			if (word)
				json_array_append_new(into, json_stringn(at, word));
			at += word + (at[word] && at[word] != '\n');
		}
	}
}

static void append_strings(json_t *into, const json_t *list)
{
	json_t *item;
	size_t i;

	json_array_foreach (list, i, item)
		if (json_is_string(item))
			json_array_append(into, item);
}

static void put_words(struct kl_buf *text, const char *keyword, const json_t *words)
{
	json_t *item;
	size_t i;

	json_array_foreach (words, i, item)
		kl_buf_printf(text, "%s%s", i == 0 ? keyword : " ", json_string_value(item));
	if (json_array_size(words))
		kl_buf_char(text, '\n');
}

/* dnsConfig's options replace those of the same name. */
static void merge_options(json_t *options, const json_t *more)
{
	json_t *item;
	size_t i;

	json_array_foreach (more, i, item) {
		const char *name = kl_json_str(item, "name", NULL), *value = kl_json_str_or_null(item, "value", NULL);
		kl_autofree char *text = value ? kl_asprintf("%s:%s", name, value) : kl_strdup(name);
		size_t len = strlen(name);
		for (size_t k = json_array_size(options); k-- > 0;) {
			const char *old = json_string_value(json_array_get(options, k));
			if (!strncmp(old, name, len) && (!old[len] || old[len] == ':'))
				json_array_remove(options, k);
		}
		json_array_append_new(options, json_string(text));
	}
}

static void cluster_search(json_t *search, const char *ns, const char *domain)
{
	kl_autofree char *first = kl_asprintf("%s.svc.%s", ns, domain), *second = kl_asprintf("svc.%s", domain);

	json_array_append_new(search, json_string(first));
	json_array_append_new(search, json_string(second));
	json_array_append_new(search, json_string(domain));
}

char *kl_podfiles_resolv(const json_t *pod, const struct kl_podfiles_dns *dns)
{
	const char *policy = kl_json_str(pod, "spec", "dnsPolicy", NULL);
	bool host_net = kl_json_bool(pod, false, "spec", "hostNetwork", NULL);
	bool none = !strcmp(policy, "None");
	bool cluster = !none && dns->servers && dns->servers[0] && strcmp(policy, "Default") != 0 &&
		       (!host_net || !strcmp(policy, "ClusterFirstWithHostNet"));
	kl_autojson *servers = json_array(), *search = json_array(), *options = json_array();
	const json_t *config = kl_json_get(pod, "spec", "dnsConfig", NULL);
	struct kl_buf text = {0};

	if (cluster) {
		for (size_t i = 0; dns->servers[i]; i++)
			json_array_append_new(servers, json_string(dns->servers[i]));
		cluster_search(search, kl_json_str(pod, "metadata", "namespace", NULL), dns->domain);
		json_array_append_new(options, json_string("ndots:5"));
		host_words(dns->host_resolv, "search", search);
	} else if (!none) {
		host_words(dns->host_resolv, "nameserver", servers);
		host_words(dns->host_resolv, "search", search);
		host_words(dns->host_resolv, "options", options);
	}
	append_strings(servers, json_object_get(config, "nameservers"));
	append_strings(search, json_object_get(config, "searches"));
	merge_options(options, json_object_get(config, "options"));
	put_words(&text, "search ", search);
	json_t *item;
	size_t i;
	json_array_foreach (servers, i, item)
		kl_buf_printf(&text, "nameserver %s\n", json_string_value(item));
	put_words(&text, "options ", options);
	return text.data ? kl_buf_take(&text) : kl_strdup("");
}
