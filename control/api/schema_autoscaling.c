/* Types: autoscaling. Rows are sorted by name. */
#include "schema_rows.h"

static const struct kl_field fields_ContainerResourceMetricSource[] = {
	STR("container", 3, FLAGS(KL_REQUIRED)),
	STR("name", 1, FLAGS(KL_REQUIRED)),
	OBJ("target", 2, MetricTarget, FLAGS(KL_REQUIRED)),
};
SCHEMA(ContainerResourceMetricSource, "io.k8s.api.autoscaling.v2.ContainerResourceMetricSource", .doc = NULL);

static const struct kl_field fields_ContainerResourceMetricStatus[] = {
	STR("container", 3, FLAGS(KL_REQUIRED)),
	OBJ("current", 2, MetricValueStatus, FLAGS(KL_REQUIRED)),
	STR("name", 1, FLAGS(KL_REQUIRED)),
};
SCHEMA(ContainerResourceMetricStatus, "io.k8s.api.autoscaling.v2.ContainerResourceMetricStatus", .doc = NULL);

static const struct kl_field fields_CrossVersionObjectReference[] = {
	STR("apiVersion", 3, FLAGS(KL_OMIT_ZERO)),
	STR("kind", 1, FLAGS(KL_REQUIRED)),
	STR("name", 2, FLAGS(KL_REQUIRED)),
};
SCHEMA(CrossVersionObjectReference, "io.k8s.api.autoscaling.v1.CrossVersionObjectReference", .atomic = true);

static const struct kl_field fields_CrossVersionObjectReferenceV2[] = {
	STR("apiVersion", 3, FLAGS(KL_OMIT_ZERO)),
	STR("kind", 1, FLAGS(KL_REQUIRED)),
	STR("name", 2, FLAGS(KL_REQUIRED)),
};
SCHEMA(CrossVersionObjectReferenceV2, "io.k8s.api.autoscaling.v2.CrossVersionObjectReference", .doc = NULL);

static const struct kl_field fields_ExternalMetricSource[] = {
	OBJ("metric", 1, MetricIdentifier, FLAGS(KL_REQUIRED)),
	OBJ("target", 2, MetricTarget, FLAGS(KL_REQUIRED)),
};
SCHEMA(ExternalMetricSource, "io.k8s.api.autoscaling.v2.ExternalMetricSource", .doc = NULL);

static const struct kl_field fields_ExternalMetricStatus[] = {
	OBJ("current", 2, MetricValueStatus, FLAGS(KL_REQUIRED)),
	OBJ("metric", 1, MetricIdentifier, FLAGS(KL_REQUIRED)),
};
SCHEMA(ExternalMetricStatus, "io.k8s.api.autoscaling.v2.ExternalMetricStatus", .doc = NULL);

static const struct kl_field fields_HPAScalingPolicy[] = {
	I32("periodSeconds", 3, FLAGS(KL_REQUIRED)),
	STR("type", 1, FLAGS(KL_REQUIRED), CHOICES("Percent|Pods")),
	I32("value", 2, FLAGS(KL_REQUIRED)),
};
SCHEMA(HPAScalingPolicy, "io.k8s.api.autoscaling.v2.HPAScalingPolicy", .doc = NULL);

static const struct kl_field fields_HPAScalingRules[] = {
	LIST_OBJ("policies", 2, HPAScalingPolicy),
	STR("selectPolicy", 1, FLAGS(KL_OMIT_ZERO), CHOICES("Disabled|Max|Min")),
	I32("stabilizationWindowSeconds", 3),
	QUANTITY("tolerance", 4),
};
SCHEMA(HPAScalingRules, "io.k8s.api.autoscaling.v2.HPAScalingRules", .doc = NULL);

static const struct kl_field fields_HorizontalPodAutoscaler[] = {
	STR("apiVersion", 0, FLAGS(KL_OMIT_ZERO)),
	STR("kind", 0, FLAGS(KL_OMIT_ZERO)),
	OBJ("metadata", 1, ObjectMeta),
	OBJ("spec", 2, HorizontalPodAutoscalerSpec),
	OBJ("status", 3, HorizontalPodAutoscalerStatus),
};
SCHEMA(HorizontalPodAutoscaler, "io.k8s.api.autoscaling.v1.HorizontalPodAutoscaler", .doc = NULL);

static const struct kl_field fields_HorizontalPodAutoscalerBehavior[] = {
	OBJ("scaleDown", 2, HPAScalingRules),
	OBJ("scaleUp", 1, HPAScalingRules),
};
SCHEMA(HorizontalPodAutoscalerBehavior, "io.k8s.api.autoscaling.v2.HorizontalPodAutoscalerBehavior", .doc = NULL);

static const struct kl_field fields_HorizontalPodAutoscalerCondition[] = {
	TIME("lastTransitionTime", 3),
	STR("message", 5, FLAGS(KL_OMIT_ZERO)),
	STR("reason", 4, FLAGS(KL_OMIT_ZERO)),
	STR("status", 2, FLAGS(KL_REQUIRED)),
	STR("type", 1, FLAGS(KL_REQUIRED)),
};
SCHEMA(HorizontalPodAutoscalerCondition, "io.k8s.api.autoscaling.v2.HorizontalPodAutoscalerCondition", .doc = NULL);

static const struct kl_field fields_HorizontalPodAutoscalerSpec[] = {
	I32("maxReplicas", 3, FLAGS(KL_REQUIRED | KL_POSITIVE)),
	I32("minReplicas", 2, DEF("1")),
	OBJ("scaleTargetRef", 1, CrossVersionObjectReference, FLAGS(KL_REQUIRED)),
	I32("targetCPUUtilizationPercentage", 4),
};
SCHEMA(HorizontalPodAutoscalerSpec, "io.k8s.api.autoscaling.v1.HorizontalPodAutoscalerSpec", .doc = NULL);

static const struct kl_field fields_HorizontalPodAutoscalerStatus[] = {
	I32("currentCPUUtilizationPercentage", 5),
	I32("currentReplicas", 3, FLAGS(KL_REQUIRED)),
	I32("desiredReplicas", 4, FLAGS(KL_REQUIRED)),
	TIME("lastScaleTime", 2),
	I64("observedGeneration", 1, FLAGS(KL_OMIT_ZERO)),
};
SCHEMA(HorizontalPodAutoscalerStatus, "io.k8s.api.autoscaling.v1.HorizontalPodAutoscalerStatus", .doc = NULL);

static const struct kl_field fields_HorizontalPodAutoscalerV2[] = {
	STR("apiVersion", 0, FLAGS(KL_OMIT_ZERO)),
	STR("kind", 0, FLAGS(KL_OMIT_ZERO)),
	OBJ("metadata", 1, ObjectMeta),
	OBJ("spec", 2, HorizontalPodAutoscalerV2Spec),
	OBJ("status", 3, HorizontalPodAutoscalerV2Status),
};
SCHEMA(HorizontalPodAutoscalerV2, "io.k8s.api.autoscaling.v2.HorizontalPodAutoscaler", .doc = NULL);

static const struct kl_field fields_HorizontalPodAutoscalerV2Spec[] = {
	OBJ("behavior", 5, HorizontalPodAutoscalerBehavior),
	I32("maxReplicas", 3, FLAGS(KL_REQUIRED | KL_POSITIVE)),
	LIST_OBJ("metrics", 4, MetricSpec),
	I32("minReplicas", 2, DEF("1")),
	OBJ("scaleTargetRef", 1, CrossVersionObjectReferenceV2, FLAGS(KL_REQUIRED)),
};
SCHEMA(HorizontalPodAutoscalerV2Spec, "io.k8s.api.autoscaling.v2.HorizontalPodAutoscalerSpec", .defaults = kl_default_HorizontalPodAutoscalerV2Spec, .validate = kl_check_HorizontalPodAutoscalerV2Spec);

static const struct kl_field fields_HorizontalPodAutoscalerV2Status[] = {
	LIST_OBJ("conditions", 6, HorizontalPodAutoscalerCondition, FLAGS(KL_MERGE | KL_LIST_MAP), KEYS("type")),
	LIST_OBJ("currentMetrics", 5, MetricStatus),
	I32("currentReplicas", 3, FLAGS(KL_OMIT_ZERO)),
	I32("desiredReplicas", 4, FLAGS(KL_REQUIRED)),
	TIME("lastScaleTime", 2),
	I64("observedGeneration", 1, FLAGS(KL_OMIT_ZERO)),
};
SCHEMA(HorizontalPodAutoscalerV2Status, "io.k8s.api.autoscaling.v2.HorizontalPodAutoscalerStatus", .doc = NULL);

static const struct kl_field fields_MetricIdentifier[] = {
	STR("name", 1, FLAGS(KL_REQUIRED)),
	OBJ("selector", 2, LabelSelector),
};
SCHEMA(MetricIdentifier, "io.k8s.api.autoscaling.v2.MetricIdentifier", .doc = NULL);

static const struct kl_field fields_MetricSpec[] = {
	OBJ("containerResource", 7, ContainerResourceMetricSource),
	OBJ("external", 5, ExternalMetricSource),
	OBJ("object", 2, ObjectMetricSource),
	OBJ("pods", 3, PodsMetricSource),
	OBJ("resource", 4, ResourceMetricSource),
	STR("type", 1, FLAGS(KL_REQUIRED)),
};
SCHEMA(MetricSpec, "io.k8s.api.autoscaling.v2.MetricSpec", .doc = NULL);

static const struct kl_field fields_MetricStatus[] = {
	OBJ("containerResource", 7, ContainerResourceMetricStatus),
	OBJ("external", 5, ExternalMetricStatus),
	OBJ("object", 2, ObjectMetricStatus),
	OBJ("pods", 3, PodsMetricStatus),
	OBJ("resource", 4, ResourceMetricStatus),
	STR("type", 1, FLAGS(KL_REQUIRED)),
};
SCHEMA(MetricStatus, "io.k8s.api.autoscaling.v2.MetricStatus", .doc = NULL);

static const struct kl_field fields_MetricTarget[] = {
	I32("averageUtilization", 4),
	QUANTITY("averageValue", 3),
	STR("type", 1, FLAGS(KL_REQUIRED), CHOICES("AverageValue|Utilization|Value")),
	QUANTITY("value", 2),
};
SCHEMA(MetricTarget, "io.k8s.api.autoscaling.v2.MetricTarget", .doc = NULL);

static const struct kl_field fields_MetricValueStatus[] = {
	I32("averageUtilization", 3),
	QUANTITY("averageValue", 2),
	QUANTITY("value", 1),
};
SCHEMA(MetricValueStatus, "io.k8s.api.autoscaling.v2.MetricValueStatus", .doc = NULL);

static const struct kl_field fields_ObjectMetricSource[] = {
	OBJ("describedObject", 1, CrossVersionObjectReferenceV2, FLAGS(KL_REQUIRED)),
	OBJ("metric", 3, MetricIdentifier, FLAGS(KL_REQUIRED)),
	OBJ("target", 2, MetricTarget, FLAGS(KL_REQUIRED)),
};
SCHEMA(ObjectMetricSource, "io.k8s.api.autoscaling.v2.ObjectMetricSource", .doc = NULL);

static const struct kl_field fields_ObjectMetricStatus[] = {
	OBJ("current", 2, MetricValueStatus, FLAGS(KL_REQUIRED)),
	OBJ("describedObject", 3, CrossVersionObjectReferenceV2, FLAGS(KL_REQUIRED)),
	OBJ("metric", 1, MetricIdentifier, FLAGS(KL_REQUIRED)),
};
SCHEMA(ObjectMetricStatus, "io.k8s.api.autoscaling.v2.ObjectMetricStatus", .doc = NULL);

static const struct kl_field fields_PodsMetricSource[] = {
	OBJ("metric", 1, MetricIdentifier, FLAGS(KL_REQUIRED)),
	OBJ("target", 2, MetricTarget, FLAGS(KL_REQUIRED)),
};
SCHEMA(PodsMetricSource, "io.k8s.api.autoscaling.v2.PodsMetricSource", .doc = NULL);

static const struct kl_field fields_PodsMetricStatus[] = {
	OBJ("current", 2, MetricValueStatus, FLAGS(KL_REQUIRED)),
	OBJ("metric", 1, MetricIdentifier, FLAGS(KL_REQUIRED)),
};
SCHEMA(PodsMetricStatus, "io.k8s.api.autoscaling.v2.PodsMetricStatus", .doc = NULL);

static const struct kl_field fields_ResourceMetricSource[] = {
	STR("name", 1, FLAGS(KL_REQUIRED)),
	OBJ("target", 2, MetricTarget, FLAGS(KL_REQUIRED)),
};
SCHEMA(ResourceMetricSource, "io.k8s.api.autoscaling.v2.ResourceMetricSource", .doc = NULL);

static const struct kl_field fields_ResourceMetricStatus[] = {
	OBJ("current", 2, MetricValueStatus, FLAGS(KL_REQUIRED)),
	STR("name", 1, FLAGS(KL_REQUIRED)),
};
SCHEMA(ResourceMetricStatus, "io.k8s.api.autoscaling.v2.ResourceMetricStatus", .doc = NULL);

static const struct kl_field fields_Scale[] = {
	STR("apiVersion", 0, FLAGS(KL_OMIT_ZERO)),
	STR("kind", 0, FLAGS(KL_OMIT_ZERO)),
	OBJ("metadata", 1, ObjectMeta),
	OBJ("spec", 2, ScaleSpec),
	OBJ("status", 3, ScaleStatus),
};
SCHEMA(Scale, "io.k8s.api.autoscaling.v1.Scale", .doc = NULL);

static const struct kl_field fields_ScaleSpec[] = {
	I32("replicas", 1, FLAGS(KL_NON_NEGATIVE)),
};
SCHEMA(ScaleSpec, "io.k8s.api.autoscaling.v1.ScaleSpec", .doc = NULL);

static const struct kl_field fields_ScaleStatus[] = {
	I32("replicas", 1, FLAGS(KL_REQUIRED)),
	STR("selector", 2, FLAGS(KL_OMIT_ZERO)),
};
SCHEMA(ScaleStatus, "io.k8s.api.autoscaling.v1.ScaleStatus", .doc = NULL);
