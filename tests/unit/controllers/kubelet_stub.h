/*
 * A stub of the kubelets of several nodes, for tests of controllers: it makes Node and Lease, says "Running, Ready" for
 * bound pods after a moment (never for images named "bad"; "done" succeeds and "fail" fails at once), and removes pods
 * that are being deleted. It runs nothing.
 */
#ifndef KUBELET_STUB_H
#define KUBELET_STUB_H

#include "registry.h"

struct kubelet_stub;
struct kubelet_stub *kubelet_stub_start(struct kl_registry *registry);
void kubelet_stub_stop(struct kubelet_stub *stub);
void kubelet_stub_join(struct kubelet_stub *stub, const char *node);
/* The node falls silent: no Lease, no pod status any more. */
void kubelet_stub_silence(struct kubelet_stub *stub, const char *node);
void kubelet_stub_wake(struct kubelet_stub *stub, const char *node);

#endif
