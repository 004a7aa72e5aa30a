/* Kinds of the cluster itself: health of its parts, ranges and addresses of Services, classes of volume attributes. */
#include "schema_rows.h"

static const struct kl_field fields_ComponentCondition[] = {
	STR("error", 4, FLAGS(KL_OMIT_ZERO), DOC("What went wrong when it was asked.")),
	STR("message", 3, FLAGS(KL_OMIT_ZERO), DOC("What the part said.")),
	STR("status", 2, FLAGS(KL_REQUIRED), DOC("True, False or Unknown.")),
	STR("type", 1, FLAGS(KL_REQUIRED), DOC("Which aspect of the object the condition is about.")),
};
SCHEMA(ComponentCondition, "io.k8s.api.core.v1.ComponentCondition", .doc = NULL);

static const struct kl_field fields_ComponentStatus[] = {
	STR("apiVersion", 0, FLAGS(KL_OMIT_ZERO),
		DOC("The version of the schema that this object is written in, such as apps/v1.")),
	LIST_OBJ("conditions", 2, ComponentCondition, FLAGS(KL_MERGE | KL_LIST_MAP), KEYS("type"),
		DOC("What is true of the part at present.")),
	STR("kind", 0, FLAGS(KL_OMIT_ZERO), DOC("What kind of object this is, in CamelCase.")),
	OBJ("metadata", 1, ObjectMeta, DOC("Name, labels and the other things that every object has.")),
};
SCHEMA(ComponentStatus, "io.k8s.api.core.v1.ComponentStatus",
	DOC("Tells whether a part of the control plane is healthy; deprecated: ask /livez and /readyz."));

static const struct kl_field fields_IPAddress[] = {
	STR("apiVersion", 0, FLAGS(KL_OMIT_ZERO),
		DOC("The version of the schema that this object is written in, such as apps/v1.")),
	STR("kind", 0, FLAGS(KL_OMIT_ZERO), DOC("What kind of object this is, in CamelCase.")),
	OBJ("metadata", 1, ObjectMeta, DOC("Name, labels and the other things that every object has.")),
	OBJ("spec", 2, IPAddressSpec, DOC("The object that uses the address.")),
};
SCHEMA(IPAddress, "io.k8s.api.networking.v1.IPAddress",
	DOC("An address of the Services' range that is in use; the address is the object's name."));

static const struct kl_field fields_IPAddressSpec[] = {
	OBJ("parentRef", 1, ParentReference, FLAGS(KL_REQUIRED), DOC("The object that uses the address.")),
};
SCHEMA(IPAddressSpec, "io.k8s.api.networking.v1.IPAddressSpec", .doc = NULL);

static const struct kl_field fields_ParentReference[] = {
	STR("group", 1, FLAGS(KL_OMIT_ZERO), DOC("The API group of what is named; empty for the core group.")),
	STR("name", 4, FLAGS(KL_OMIT_ZERO | KL_REQUIRED), DOC("Its name.")),
	STR("namespace", 3, FLAGS(KL_OMIT_ZERO), DOC("The namespace it is in.")),
	STR("resource", 2, FLAGS(KL_OMIT_ZERO | KL_REQUIRED), DOC("Its resource, such as services.")),
};
SCHEMA(ParentReference, "io.k8s.api.networking.v1.ParentReference", .doc = NULL);

static const struct kl_field fields_ServiceCIDR[] = {
	STR("apiVersion", 0, FLAGS(KL_OMIT_ZERO),
		DOC("The version of the schema that this object is written in, such as apps/v1.")),
	STR("kind", 0, FLAGS(KL_OMIT_ZERO), DOC("What kind of object this is, in CamelCase.")),
	OBJ("metadata", 1, ObjectMeta, DOC("Name, labels and the other things that every object has.")),
	OBJ("spec", 2, ServiceCIDRSpec, DOC("The ranges.")),
	OBJ("status", 3, ServiceCIDRStatus, DOC("What was last observed; written by the system, not by users.")),
};
SCHEMA(ServiceCIDR, "io.k8s.api.networking.v1.ServiceCIDR", DOC("A range that ClusterIPs are taken from."));

static const struct kl_field fields_ServiceCIDRSpec[] = {
	LIST_STR("cidrs", 1, DOC("One range of a family, or one of each; cannot be changed.")),
};
SCHEMA(ServiceCIDRSpec, "io.k8s.api.networking.v1.ServiceCIDRSpec", .doc = NULL);

static const struct kl_field fields_ServiceCIDRStatus[] = {
	LIST_OBJ("conditions", 1, Condition, FLAGS(KL_MERGE | KL_LIST_MAP), KEYS("type"),
		DOC("What is true of the object at present, one entry for each aspect.")),
};
SCHEMA(ServiceCIDRStatus, "io.k8s.api.networking.v1.ServiceCIDRStatus", .doc = NULL);

static const struct kl_field fields_VolumeAttributesClass[] = {
	STR("apiVersion", 0, FLAGS(KL_OMIT_ZERO),
		DOC("The version of the schema that this object is written in, such as apps/v1.")),
	STR("driverName", 2, FLAGS(KL_REQUIRED),
		DOC("The CSI driver that understands the parameters; cannot be changed.")),
	STR("kind", 0, FLAGS(KL_OMIT_ZERO), DOC("What kind of object this is, in CamelCase.")),
	OBJ("metadata", 1, ObjectMeta, DOC("Name, labels and the other things that every object has.")),
	MAP_STR("parameters", 3, DOC("Settings that the driver understands; cannot be changed.")),
};
SCHEMA(VolumeAttributesClass, "io.k8s.api.storage.v1beta1.VolumeAttributesClass",
	DOC("Names attributes of volumes that may be changed while they are in use."));
