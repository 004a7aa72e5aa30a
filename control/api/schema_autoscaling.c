/* Types: autoscaling. Rows are sorted by name. */
#include "schema_rows.h"

static const struct kl_field fields_ContainerResourceMetricSource[] = {
	STR("container", FLAGS(KL_REQUIRED)),
	STR("name", FLAGS(KL_REQUIRED)),
	OBJ("target", MetricTarget, FLAGS(KL_REQUIRED)),
};
SCHEMA(ContainerResourceMetricSource, "io.k8s.api.autoscaling.v2.ContainerResourceMetricSource", .doc = NULL);

static const struct kl_field fields_ContainerResourceMetricStatus[] = {
	STR("container", FLAGS(KL_REQUIRED)),
	OBJ("current", MetricValueStatus, FLAGS(KL_REQUIRED)),
	STR("name", FLAGS(KL_REQUIRED)),
};
SCHEMA(ContainerResourceMetricStatus, "io.k8s.api.autoscaling.v2.ContainerResourceMetricStatus", .doc = NULL);

static const struct kl_field fields_CrossVersionObjectReference[] = {
	STR("apiVersion", FLAGS(KL_OMIT_ZERO)),
	STR("kind", FLAGS(KL_REQUIRED)),
	STR("name", FLAGS(KL_REQUIRED)),
};
SCHEMA(CrossVersionObjectReference, "io.k8s.api.autoscaling.v1.CrossVersionObjectReference", .atomic = true);

static const struct kl_field fields_CrossVersionObjectReferenceV2[] = {
	STR("apiVersion", FLAGS(KL_OMIT_ZERO)),
	STR("kind", FLAGS(KL_REQUIRED)),
	STR("name", FLAGS(KL_REQUIRED)),
};
SCHEMA(CrossVersionObjectReferenceV2, "io.k8s.api.autoscaling.v2.CrossVersionObjectReference", .doc = NULL);

static const struct kl_field fields_ExternalMetricSource[] = {
	OBJ("metric", MetricIdentifier, FLAGS(KL_REQUIRED)),
	OBJ("target", MetricTarget, FLAGS(KL_REQUIRED)),
};
SCHEMA(ExternalMetricSource, "io.k8s.api.autoscaling.v2.ExternalMetricSource", .doc = NULL);

static const struct kl_field fields_ExternalMetricStatus[] = {
	OBJ("current", MetricValueStatus, FLAGS(KL_REQUIRED)),
	OBJ("metric", MetricIdentifier, FLAGS(KL_REQUIRED)),
};
SCHEMA(ExternalMetricStatus, "io.k8s.api.autoscaling.v2.ExternalMetricStatus", .doc = NULL);

static const struct kl_field fields_HPAScalingPolicy[] = {
	I32("periodSeconds", FLAGS(KL_REQUIRED)),
	STR("type", FLAGS(KL_REQUIRED), CHOICES("Percent|Pods")),
	I32("value", FLAGS(KL_REQUIRED)),
};
SCHEMA(HPAScalingPolicy, "io.k8s.api.autoscaling.v2.HPAScalingPolicy", .doc = NULL);

static const struct kl_field fields_HPAScalingRules[] = {
	LIST_OBJ("policies", HPAScalingPolicy),
	STR("selectPolicy", FLAGS(KL_OMIT_ZERO), CHOICES("Disabled|Max|Min")),
	I32("stabilizationWindowSeconds"),
	QUANTITY("tolerance"),
};
SCHEMA(HPAScalingRules, "io.k8s.api.autoscaling.v2.HPAScalingRules", .doc = NULL);

static const struct kl_field fields_HorizontalPodAutoscaler[] = {
	STR("apiVersion", FLAGS(KL_OMIT_ZERO)),
	STR("kind", FLAGS(KL_OMIT_ZERO)),
	OBJ("metadata", ObjectMeta),
	OBJ("spec", HorizontalPodAutoscalerSpec),
	OBJ("status", HorizontalPodAutoscalerStatus),
};
SCHEMA(HorizontalPodAutoscaler, "io.k8s.api.autoscaling.v1.HorizontalPodAutoscaler", .doc = NULL);

static const struct kl_field fields_HorizontalPodAutoscalerBehavior[] = {
	OBJ("scaleDown", HPAScalingRules),
	OBJ("scaleUp", HPAScalingRules),
};
SCHEMA(HorizontalPodAutoscalerBehavior, "io.k8s.api.autoscaling.v2.HorizontalPodAutoscalerBehavior", .doc = NULL);

static const struct kl_field fields_HorizontalPodAutoscalerCondition[] = {
	TIME("lastTransitionTime"),
	STR("message", FLAGS(KL_OMIT_ZERO)),
	STR("reason", FLAGS(KL_OMIT_ZERO)),
	STR("status", FLAGS(KL_REQUIRED)),
	STR("type", FLAGS(KL_REQUIRED)),
};
SCHEMA(HorizontalPodAutoscalerCondition, "io.k8s.api.autoscaling.v2.HorizontalPodAutoscalerCondition", .doc = NULL);

static const struct kl_field fields_HorizontalPodAutoscalerSpec[] = {
	I32("maxReplicas", FLAGS(KL_REQUIRED | KL_POSITIVE)),
	I32("minReplicas", DEF("1")),
	OBJ("scaleTargetRef", CrossVersionObjectReference, FLAGS(KL_REQUIRED)),
	I32("targetCPUUtilizationPercentage"),
};
SCHEMA(HorizontalPodAutoscalerSpec, "io.k8s.api.autoscaling.v1.HorizontalPodAutoscalerSpec", .doc = NULL);

static const struct kl_field fields_HorizontalPodAutoscalerStatus[] = {
	I32("currentCPUUtilizationPercentage"),
	I32("currentReplicas", FLAGS(KL_REQUIRED)),
	I32("desiredReplicas", FLAGS(KL_REQUIRED)),
	TIME("lastScaleTime"),
	I64("observedGeneration", FLAGS(KL_OMIT_ZERO)),
};
SCHEMA(HorizontalPodAutoscalerStatus, "io.k8s.api.autoscaling.v1.HorizontalPodAutoscalerStatus", .doc = NULL);

static const struct kl_field fields_HorizontalPodAutoscalerV2[] = {
	STR("apiVersion", FLAGS(KL_OMIT_ZERO)),
	STR("kind", FLAGS(KL_OMIT_ZERO)),
	OBJ("metadata", ObjectMeta),
	OBJ("spec", HorizontalPodAutoscalerV2Spec),
	OBJ("status", HorizontalPodAutoscalerV2Status),
};
SCHEMA(HorizontalPodAutoscalerV2, "io.k8s.api.autoscaling.v2.HorizontalPodAutoscaler", .doc = NULL);

static const struct kl_field fields_HorizontalPodAutoscalerV2Spec[] = {
	OBJ("behavior", HorizontalPodAutoscalerBehavior),
	I32("maxReplicas", FLAGS(KL_REQUIRED | KL_POSITIVE)),
	LIST_OBJ("metrics", MetricSpec),
	I32("minReplicas", DEF("1")),
	OBJ("scaleTargetRef", CrossVersionObjectReferenceV2, FLAGS(KL_REQUIRED)),
};
SCHEMA(HorizontalPodAutoscalerV2Spec, "io.k8s.api.autoscaling.v2.HorizontalPodAutoscalerSpec", .defaults = kl_default_HorizontalPodAutoscalerV2Spec, .validate = kl_check_HorizontalPodAutoscalerV2Spec);

static const struct kl_field fields_HorizontalPodAutoscalerV2Status[] = {
	LIST_OBJ("conditions", HorizontalPodAutoscalerCondition, FLAGS(KL_MERGE | KL_LIST_MAP), KEYS("type")),
	LIST_OBJ("currentMetrics", MetricStatus),
	I32("currentReplicas", FLAGS(KL_OMIT_ZERO)),
	I32("desiredReplicas", FLAGS(KL_REQUIRED)),
	TIME("lastScaleTime"),
	I64("observedGeneration", FLAGS(KL_OMIT_ZERO)),
};
SCHEMA(HorizontalPodAutoscalerV2Status, "io.k8s.api.autoscaling.v2.HorizontalPodAutoscalerStatus", .doc = NULL);

static const struct kl_field fields_MetricIdentifier[] = {
	STR("name", FLAGS(KL_REQUIRED)),
	OBJ("selector", LabelSelector),
};
SCHEMA(MetricIdentifier, "io.k8s.api.autoscaling.v2.MetricIdentifier", .doc = NULL);

static const struct kl_field fields_MetricSpec[] = {
	OBJ("containerResource", ContainerResourceMetricSource),
	OBJ("external", ExternalMetricSource),
	OBJ("object", ObjectMetricSource),
	OBJ("pods", PodsMetricSource),
	OBJ("resource", ResourceMetricSource),
	STR("type", FLAGS(KL_REQUIRED)),
};
SCHEMA(MetricSpec, "io.k8s.api.autoscaling.v2.MetricSpec", .doc = NULL);

static const struct kl_field fields_MetricStatus[] = {
	OBJ("containerResource", ContainerResourceMetricStatus),
	OBJ("external", ExternalMetricStatus),
	OBJ("object", ObjectMetricStatus),
	OBJ("pods", PodsMetricStatus),
	OBJ("resource", ResourceMetricStatus),
	STR("type", FLAGS(KL_REQUIRED)),
};
SCHEMA(MetricStatus, "io.k8s.api.autoscaling.v2.MetricStatus", .doc = NULL);

static const struct kl_field fields_MetricTarget[] = {
	I32("averageUtilization"),
	QUANTITY("averageValue"),
	STR("type", FLAGS(KL_REQUIRED), CHOICES("AverageValue|Utilization|Value")),
	QUANTITY("value"),
};
SCHEMA(MetricTarget, "io.k8s.api.autoscaling.v2.MetricTarget", .doc = NULL);

static const struct kl_field fields_MetricValueStatus[] = {
	I32("averageUtilization"),
	QUANTITY("averageValue"),
	QUANTITY("value"),
};
SCHEMA(MetricValueStatus, "io.k8s.api.autoscaling.v2.MetricValueStatus", .doc = NULL);

static const struct kl_field fields_ObjectMetricSource[] = {
	OBJ("describedObject", CrossVersionObjectReferenceV2, FLAGS(KL_REQUIRED)),
	OBJ("metric", MetricIdentifier, FLAGS(KL_REQUIRED)),
	OBJ("target", MetricTarget, FLAGS(KL_REQUIRED)),
};
SCHEMA(ObjectMetricSource, "io.k8s.api.autoscaling.v2.ObjectMetricSource", .doc = NULL);

static const struct kl_field fields_ObjectMetricStatus[] = {
	OBJ("current", MetricValueStatus, FLAGS(KL_REQUIRED)),
	OBJ("describedObject", CrossVersionObjectReferenceV2, FLAGS(KL_REQUIRED)),
	OBJ("metric", MetricIdentifier, FLAGS(KL_REQUIRED)),
};
SCHEMA(ObjectMetricStatus, "io.k8s.api.autoscaling.v2.ObjectMetricStatus", .doc = NULL);

static const struct kl_field fields_PodsMetricSource[] = {
	OBJ("metric", MetricIdentifier, FLAGS(KL_REQUIRED)),
	OBJ("target", MetricTarget, FLAGS(KL_REQUIRED)),
};
SCHEMA(PodsMetricSource, "io.k8s.api.autoscaling.v2.PodsMetricSource", .doc = NULL);

static const struct kl_field fields_PodsMetricStatus[] = {
	OBJ("current", MetricValueStatus, FLAGS(KL_REQUIRED)),
	OBJ("metric", MetricIdentifier, FLAGS(KL_REQUIRED)),
};
SCHEMA(PodsMetricStatus, "io.k8s.api.autoscaling.v2.PodsMetricStatus", .doc = NULL);

static const struct kl_field fields_ResourceMetricSource[] = {
	STR("name", FLAGS(KL_REQUIRED)),
	OBJ("target", MetricTarget, FLAGS(KL_REQUIRED)),
};
SCHEMA(ResourceMetricSource, "io.k8s.api.autoscaling.v2.ResourceMetricSource", .doc = NULL);

static const struct kl_field fields_ResourceMetricStatus[] = {
	OBJ("current", MetricValueStatus, FLAGS(KL_REQUIRED)),
	STR("name", FLAGS(KL_REQUIRED)),
};
SCHEMA(ResourceMetricStatus, "io.k8s.api.autoscaling.v2.ResourceMetricStatus", .doc = NULL);

static const struct kl_field fields_Scale[] = {
	STR("apiVersion", FLAGS(KL_OMIT_ZERO)),
	STR("kind", FLAGS(KL_OMIT_ZERO)),
	OBJ("metadata", ObjectMeta),
	OBJ("spec", ScaleSpec),
	OBJ("status", ScaleStatus),
};
SCHEMA(Scale, "io.k8s.api.autoscaling.v1.Scale", .doc = NULL);

static const struct kl_field fields_ScaleSpec[] = {
	I32("replicas", FLAGS(KL_NON_NEGATIVE)),
};
SCHEMA(ScaleSpec, "io.k8s.api.autoscaling.v1.ScaleSpec", .doc = NULL);

static const struct kl_field fields_ScaleStatus[] = {
	I32("replicas", FLAGS(KL_REQUIRED)),
	STR("selector", FLAGS(KL_OMIT_ZERO)),
};
SCHEMA(ScaleStatus, "io.k8s.api.autoscaling.v1.ScaleStatus", .doc = NULL);
