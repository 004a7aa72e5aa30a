/* Types: autoscaling. Rows are sorted by name. */
#include "schema_rows.h"

static const struct kl_field fields_ContainerResourceMetricSource[] = {
	STR("container", 3, FLAGS(KL_REQUIRED), DOC("The container that is meant.")),
	STR("name", 1, FLAGS(KL_REQUIRED), DOC("Its name.")),
	OBJ("target", 2, MetricTarget, FLAGS(KL_REQUIRED), DOC("What is aimed at.")),
};
SCHEMA(ContainerResourceMetricSource, "io.k8s.api.autoscaling.v2.ContainerResourceMetricSource", .doc = NULL);

static const struct kl_field fields_ContainerResourceMetricStatus[] = {
	STR("container", 3, FLAGS(KL_REQUIRED), DOC("The container that is meant.")),
	OBJ("current", 2, MetricValueStatus, FLAGS(KL_REQUIRED), DOC("The value now.")),
	STR("name", 1, FLAGS(KL_REQUIRED), DOC("Its name.")),
};
SCHEMA(ContainerResourceMetricStatus, "io.k8s.api.autoscaling.v2.ContainerResourceMetricStatus", .doc = NULL);

static const struct kl_field fields_CrossVersionObjectReference[] = {
	STR("apiVersion", 3, FLAGS(KL_OMIT_ZERO),
		DOC("The version of the schema that this object is written in, such as apps/v1.")),
	STR("kind", 1, FLAGS(KL_REQUIRED), DOC("What kind of object this is, in CamelCase.")),
	STR("name", 2, FLAGS(KL_REQUIRED), DOC("Its name.")),
};
SCHEMA(CrossVersionObjectReference, "io.k8s.api.autoscaling.v1.CrossVersionObjectReference", .atomic = true);

static const struct kl_field fields_CrossVersionObjectReferenceV2[] = {
	STR("apiVersion", 3, FLAGS(KL_OMIT_ZERO),
		DOC("The version of the schema that this object is written in, such as apps/v1.")),
	STR("kind", 1, FLAGS(KL_REQUIRED), DOC("What kind of object this is, in CamelCase.")),
	STR("name", 2, FLAGS(KL_REQUIRED), DOC("Its name.")),
};
SCHEMA(CrossVersionObjectReferenceV2, "io.k8s.api.autoscaling.v2.CrossVersionObjectReference", .doc = NULL);

static const struct kl_field fields_ExternalMetricSource[] = {
	OBJ("metric", 1, MetricIdentifier, FLAGS(KL_REQUIRED), DOC("Which metric.")),
	OBJ("target", 2, MetricTarget, FLAGS(KL_REQUIRED), DOC("What is aimed at.")),
};
SCHEMA(ExternalMetricSource, "io.k8s.api.autoscaling.v2.ExternalMetricSource", .doc = NULL);

static const struct kl_field fields_ExternalMetricStatus[] = {
	OBJ("current", 2, MetricValueStatus, FLAGS(KL_REQUIRED), DOC("The value now.")),
	OBJ("metric", 1, MetricIdentifier, FLAGS(KL_REQUIRED), DOC("Which metric.")),
};
SCHEMA(ExternalMetricStatus, "io.k8s.api.autoscaling.v2.ExternalMetricStatus", .doc = NULL);

static const struct kl_field fields_HPAScalingPolicy[] = {
	I32("periodSeconds", 3, FLAGS(KL_REQUIRED), DOC("Seconds in which the change may be made at most.")),
	STR("type", 1, FLAGS(KL_REQUIRED), CHOICES("Percent|Pods"), DOC("Which type.")),
	I32("value", 2, FLAGS(KL_REQUIRED), DOC("How much may be changed: pods, or per cent.")),
};
SCHEMA(HPAScalingPolicy, "io.k8s.api.autoscaling.v2.HPAScalingPolicy", .doc = NULL);

static const struct kl_field fields_HPAScalingRules[] = {
	LIST_OBJ("policies", 2, HPAScalingPolicy, DOC("What may change in a period.")),
	STR("selectPolicy", 1, FLAGS(KL_OMIT_ZERO), CHOICES("Disabled|Max|Min"),
		DOC("Which of the policies counts: Max, Min or Disabled.")),
	I32("stabilizationWindowSeconds", 3, DOC("How far back to look before a change.")),
	QUANTITY("tolerance", 4, DOC("How far off is near enough.")),
};
SCHEMA(HPAScalingRules, "io.k8s.api.autoscaling.v2.HPAScalingRules", .doc = NULL);

static const struct kl_field fields_HorizontalPodAutoscaler[] = {
	STR("apiVersion", 0, FLAGS(KL_OMIT_ZERO),
		DOC("The version of the schema that this object is written in, such as apps/v1.")),
	STR("kind", 0, FLAGS(KL_OMIT_ZERO), DOC("What kind of object this is, in CamelCase.")),
	OBJ("metadata", 1, ObjectMeta, DOC("Name, labels and the other things that every object has.")),
	OBJ("spec", 2, HorizontalPodAutoscalerSpec,
		DOC("What is scaled, between which numbers, by which use of the processor.")),
	OBJ("status", 3, HorizontalPodAutoscalerStatus, FLAGS(KL_ALWAYS),
		DOC("What was last observed; written by the system, not by users.")),
};
SCHEMA(HorizontalPodAutoscaler, "io.k8s.api.autoscaling.v1.HorizontalPodAutoscaler",
	DOC("Scales a workload by how busy its pods are."));

static const struct kl_field fields_HorizontalPodAutoscalerBehavior[] = {
	OBJ("scaleDown", 2, HPAScalingRules, DOC("How fast to scale down.")),
	OBJ("scaleUp", 1, HPAScalingRules, DOC("How fast to scale up.")),
};
SCHEMA(HorizontalPodAutoscalerBehavior, "io.k8s.api.autoscaling.v2.HorizontalPodAutoscalerBehavior", .doc = NULL);

static const struct kl_field fields_HorizontalPodAutoscalerCondition[] = {
	TIME("lastTransitionTime", 3, DOC("When the status last changed.")),
	STR("message", 5, FLAGS(KL_OMIT_ZERO), DOC("For people to read.")),
	STR("reason", 4, FLAGS(KL_OMIT_ZERO), DOC("Why, in one CamelCase word.")),
	STR("status", 2, FLAGS(KL_REQUIRED), DOC("True, False or Unknown.")),
	STR("type", 1, FLAGS(KL_REQUIRED), DOC("Which aspect of the object the condition is about.")),
};
SCHEMA(HorizontalPodAutoscalerCondition, "io.k8s.api.autoscaling.v2.HorizontalPodAutoscalerCondition", .doc = NULL);

static const struct kl_field fields_HorizontalPodAutoscalerSpec[] = {
	I32("maxReplicas", 3, FLAGS(KL_REQUIRED | KL_POSITIVE), DOC("The most pods there may be.")),
	I32("minReplicas", 2, DEF("1"), DOC("The fewest pods there may be.")),
	OBJ("scaleTargetRef", 1, CrossVersionObjectReference, FLAGS(KL_REQUIRED), DOC("What is scaled.")),
	I32("targetCPUUtilizationPercentage", 4,
		DOC("The pods' average use of the processor that is aimed at, in percent of their requests.")),
};
SCHEMA(HorizontalPodAutoscalerSpec, "io.k8s.api.autoscaling.v1.HorizontalPodAutoscalerSpec", .doc = NULL);

static const struct kl_field fields_HorizontalPodAutoscalerStatus[] = {
	I32("currentCPUUtilizationPercentage", 5,
		DOC("The pods' average use of the processor, in percent of their requests.")),
	I32("currentReplicas", 3, FLAGS(KL_REQUIRED), DEF("0"), DOC("Pods now.")),
	I32("desiredReplicas", 4, FLAGS(KL_REQUIRED), DEF("0"), DOC("Pods last computed to be right.")),
	TIME("lastScaleTime", 2, DOC("When the number of pods was last changed.")),
	I64("observedGeneration", 1, FLAGS(KL_OMIT_ZERO), DOC("The generation that the status is about.")),
};
SCHEMA(HorizontalPodAutoscalerStatus, "io.k8s.api.autoscaling.v1.HorizontalPodAutoscalerStatus", .doc = NULL);

static const struct kl_field fields_HorizontalPodAutoscalerV2[] = {
	STR("apiVersion", 0, FLAGS(KL_OMIT_ZERO),
		DOC("The version of the schema that this object is written in, such as apps/v1.")),
	STR("kind", 0, FLAGS(KL_OMIT_ZERO), DOC("What kind of object this is, in CamelCase.")),
	OBJ("metadata", 1, ObjectMeta, DOC("Name, labels and the other things that every object has.")),
	OBJ("spec", 2, HorizontalPodAutoscalerV2Spec,
		DOC("What is scaled, between which numbers, by which metrics, how fast.")),
	OBJ("status", 3, HorizontalPodAutoscalerV2Status, FLAGS(KL_ALWAYS),
		DOC("What was last observed; written by the system, not by users.")),
};
SCHEMA(HorizontalPodAutoscalerV2, "io.k8s.api.autoscaling.v2.HorizontalPodAutoscaler",
	DOC("Scales a workload by metrics."));

static const struct kl_field fields_HorizontalPodAutoscalerV2Spec[] = {
	OBJ("behavior", 5, HorizontalPodAutoscalerBehavior, DOC("How fast to scale up and down.")),
	I32("maxReplicas", 3, FLAGS(KL_REQUIRED | KL_POSITIVE), DOC("The most pods there may be.")),
	LIST_OBJ("metrics", 4, MetricSpec, DOC("What the number of pods is computed from; the largest result counts.")),
	I32("minReplicas", 2, DEF("1"), DOC("The fewest pods there may be.")),
	OBJ("scaleTargetRef", 1, CrossVersionObjectReferenceV2, FLAGS(KL_REQUIRED), DOC("What is scaled.")),
};
SCHEMA(HorizontalPodAutoscalerV2Spec, "io.k8s.api.autoscaling.v2.HorizontalPodAutoscalerSpec",
	.defaults = kl_default_HorizontalPodAutoscalerV2Spec, .validate = kl_check_HorizontalPodAutoscalerV2Spec);

static const struct kl_field fields_HorizontalPodAutoscalerV2Status[] = {
	LIST_OBJ("conditions", 6, HorizontalPodAutoscalerCondition, FLAGS(KL_MERGE | KL_LIST_MAP), KEYS("type"),
		DOC("What is true of the object at present, one entry for each aspect.")),
	LIST_OBJ("currentMetrics", 5, MetricStatus, DOC("The metrics as last read.")),
	I32("currentReplicas", 3, FLAGS(KL_OMIT_ZERO), DOC("Pods now.")),
	I32("desiredReplicas", 4, FLAGS(KL_REQUIRED), DEF("0"), DOC("Pods last computed to be right.")),
	TIME("lastScaleTime", 2, DOC("When the number of pods was last changed.")),
	I64("observedGeneration", 1, FLAGS(KL_OMIT_ZERO), DOC("The generation that the status is about.")),
};
SCHEMA(HorizontalPodAutoscalerV2Status, "io.k8s.api.autoscaling.v2.HorizontalPodAutoscalerStatus", .doc = NULL);

static const struct kl_field fields_MetricIdentifier[] = {
	STR("name", 1, FLAGS(KL_REQUIRED), DOC("Its name.")),
	OBJ("selector", 2, LabelSelector, DOC("Which objects are meant, by their labels.")),
};
SCHEMA(MetricIdentifier, "io.k8s.api.autoscaling.v2.MetricIdentifier", .doc = NULL);

static const struct kl_field fields_MetricSpec[] = {
	OBJ("containerResource", 7, ContainerResourceMetricSource, DOC("A resource of one container of each pod.")),
	OBJ("external", 5, ExternalMetricSource, DOC("A metric of something outside the cluster.")),
	OBJ("object", 2, ObjectMetricSource, DOC("A metric of one object.")),
	OBJ("pods", 3, PodsMetricSource, DOC("A metric of each pod.")),
	OBJ("resource", 4, ResourceMetricSource, DOC("A resource: cpu, memory and the like.")),
	STR("type", 1, FLAGS(KL_REQUIRED), DOC("Which type.")),
};
SCHEMA(MetricSpec, "io.k8s.api.autoscaling.v2.MetricSpec", .validate = kl_check_MetricSpec);

static const struct kl_field fields_MetricStatus[] = {
	OBJ("containerResource", 7, ContainerResourceMetricStatus, DOC("A resource of one container of each pod.")),
	OBJ("external", 5, ExternalMetricStatus, DOC("A metric of something outside the cluster.")),
	OBJ("object", 2, ObjectMetricStatus, DOC("A metric of one object.")),
	OBJ("pods", 3, PodsMetricStatus, DOC("A metric of each pod.")),
	OBJ("resource", 4, ResourceMetricStatus, DOC("A resource: cpu, memory and the like.")),
	STR("type", 1, FLAGS(KL_REQUIRED), DOC("Which type.")),
};
SCHEMA(MetricStatus, "io.k8s.api.autoscaling.v2.MetricStatus", .doc = NULL);

static const struct kl_field fields_MetricTarget[] = {
	I32("averageUtilization", 4, DOC("The average over all pods, as a percentage of what they request.")),
	QUANTITY("averageValue", 3, DOC("The average over all pods, as a quantity.")),
	STR("type", 1, FLAGS(KL_REQUIRED), CHOICES("AverageValue|Utilization|Value"), DOC("Which type.")),
	QUANTITY("value", 2, DOC("The value.")),
};
SCHEMA(MetricTarget, "io.k8s.api.autoscaling.v2.MetricTarget", .validate = kl_check_MetricTarget);

static const struct kl_field fields_MetricValueStatus[] = {
	I32("averageUtilization", 3, DOC("The average over all pods, as a percentage of what they request.")),
	QUANTITY("averageValue", 2, DOC("The average over all pods, as a quantity.")),
	QUANTITY("value", 1, DOC("The value.")),
};
SCHEMA(MetricValueStatus, "io.k8s.api.autoscaling.v2.MetricValueStatus", .doc = NULL);

static const struct kl_field fields_ObjectMetricSource[] = {
	OBJ("describedObject", 1, CrossVersionObjectReferenceV2, FLAGS(KL_REQUIRED),
		DOC("The object whose metric is read.")),
	OBJ("metric", 3, MetricIdentifier, FLAGS(KL_REQUIRED), DOC("Which metric.")),
	OBJ("target", 2, MetricTarget, FLAGS(KL_REQUIRED), DOC("What is aimed at.")),
};
SCHEMA(ObjectMetricSource, "io.k8s.api.autoscaling.v2.ObjectMetricSource", .doc = NULL);

static const struct kl_field fields_ObjectMetricStatus[] = {
	OBJ("current", 2, MetricValueStatus, FLAGS(KL_REQUIRED), DOC("The value now.")),
	OBJ("describedObject", 3, CrossVersionObjectReferenceV2, FLAGS(KL_REQUIRED),
		DOC("The object whose metric is read.")),
	OBJ("metric", 1, MetricIdentifier, FLAGS(KL_REQUIRED), DOC("Which metric.")),
};
SCHEMA(ObjectMetricStatus, "io.k8s.api.autoscaling.v2.ObjectMetricStatus", .doc = NULL);

static const struct kl_field fields_PodsMetricSource[] = {
	OBJ("metric", 1, MetricIdentifier, FLAGS(KL_REQUIRED), DOC("Which metric.")),
	OBJ("target", 2, MetricTarget, FLAGS(KL_REQUIRED), DOC("What is aimed at.")),
};
SCHEMA(PodsMetricSource, "io.k8s.api.autoscaling.v2.PodsMetricSource", .doc = NULL);

static const struct kl_field fields_PodsMetricStatus[] = {
	OBJ("current", 2, MetricValueStatus, FLAGS(KL_REQUIRED), DOC("The value now.")),
	OBJ("metric", 1, MetricIdentifier, FLAGS(KL_REQUIRED), DOC("Which metric.")),
};
SCHEMA(PodsMetricStatus, "io.k8s.api.autoscaling.v2.PodsMetricStatus", .doc = NULL);

static const struct kl_field fields_ResourceMetricSource[] = {
	STR("name", 1, FLAGS(KL_REQUIRED), DOC("Its name.")),
	OBJ("target", 2, MetricTarget, FLAGS(KL_REQUIRED), DOC("What is aimed at.")),
};
SCHEMA(ResourceMetricSource, "io.k8s.api.autoscaling.v2.ResourceMetricSource", .doc = NULL);

static const struct kl_field fields_ResourceMetricStatus[] = {
	OBJ("current", 2, MetricValueStatus, FLAGS(KL_REQUIRED), DOC("The value now.")),
	STR("name", 1, FLAGS(KL_REQUIRED), DOC("Its name.")),
};
SCHEMA(ResourceMetricStatus, "io.k8s.api.autoscaling.v2.ResourceMetricStatus", .doc = NULL);

static const struct kl_field fields_Scale[] = {
	STR("apiVersion", 0, FLAGS(KL_OMIT_ZERO),
		DOC("The version of the schema that this object is written in, such as apps/v1.")),
	STR("kind", 0, FLAGS(KL_OMIT_ZERO), DOC("What kind of object this is, in CamelCase.")),
	OBJ("metadata", 1, ObjectMeta, DOC("Name, labels and the other things that every object has.")),
	OBJ("spec", 2, ScaleSpec, DOC("What is wanted.")),
	OBJ("status", 3, ScaleStatus, DOC("What was last observed; written by the system, not by users.")),
};
SCHEMA(Scale, "io.k8s.api.autoscaling.v1.Scale", .doc = NULL);

static const struct kl_field fields_ScaleSpec[] = {
	I32("replicas", 1, FLAGS(KL_NON_NEGATIVE), DOC("How many pods are wanted.")),
};
SCHEMA(ScaleSpec, "io.k8s.api.autoscaling.v1.ScaleSpec", .doc = NULL);

static const struct kl_field fields_ScaleStatus[] = {
	I32("replicas", 1, FLAGS(KL_REQUIRED), DOC("How many pods there are.")),
	STR("selector", 2, FLAGS(KL_OMIT_ZERO), DOC("The labels of the pods, in the form of a label selector's text.")),
};
SCHEMA(ScaleStatus, "io.k8s.api.autoscaling.v1.ScaleStatus", .doc = NULL);
