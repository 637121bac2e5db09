{{/*
SPDX-License-Identifier: GPL-3.0-or-later
Copyright: (c) 2026, Supastack contributors
*/}}

{{/* Name of a component's objects. Takes a list: the component and the root context. */}}
{{- define "supabase.name" -}}
{{- $component := index . 0 }}{{ $root := index . 1 -}}
{{ printf "%s-%s" $root.Release.Name $component | trunc 63 | trimSuffix "-" }}
{{- end }}

{{/* Labels that never change: a Deployment's selector is immutable. */}}
{{- define "supabase.selector" -}}
{{- $component := index . 0 }}{{ $root := index . 1 -}}
app.kubernetes.io/name: {{ $component }}
app.kubernetes.io/instance: {{ $root.Release.Name }}
{{- end }}

{{/* Labels of a pod: none that changes with the chart's version, which alone is no reason to restart it. */}}
{{- define "supabase.podLabels" -}}
{{ include "supabase.selector" . }}
app.kubernetes.io/part-of: supabase
{{- end }}

{{- define "supabase.labels" -}}
{{- $root := index . 1 -}}
{{ include "supabase.podLabels" . }}
app.kubernetes.io/managed-by: {{ $root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" $root.Chart.Name $root.Chart.Version }}
{{- end }}

{{/* What every Deployment's spec starts with. Takes a list: the component, its values and the root context. */}}
{{- define "supabase.deployment" -}}
{{- $component := index . 0 }}{{ $values := index . 1 }}{{ $root := index . 2 -}}
replicas: {{ $values.replicas }}
revisionHistoryLimit: 3
selector:
  matchLabels:
    {{- include "supabase.selector" (list $component $root) | nindent 4 }}
strategy:
  rollingUpdate:
    # A new pod first: with one replica the service would otherwise be gone for a moment.
    maxSurge: 1
    maxUnavailable: 0
{{- end }}

{{/* What every pod shares; meets the restricted Pod Security Standard. Takes a list as above. */}}
{{- define "supabase.pod" -}}
{{- $component := index . 0 }}{{ $user := index . 1 }}{{ $root := index . 2 -}}
serviceAccountName: {{ include "supabase.name" (list $component $root) }}
automountServiceAccountToken: false
enableServiceLinks: false
terminationGracePeriodSeconds: {{ add 30 $root.Values.terminationDelaySeconds }}
securityContext:
  runAsNonRoot: true
  runAsUser: {{ $user }}
  runAsGroup: {{ $user }}
  seccompProfile:
    type: RuntimeDefault
topologySpreadConstraints:
  {{- range list "topology.kubernetes.io/zone" "kubernetes.io/hostname" }}
  - maxSkew: 1
    topologyKey: {{ . }}
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        {{- include "supabase.selector" (list $component $root) | nindent 8 }}
    matchLabelKeys: [pod-template-hash]
  {{- end }}
{{- end }}

{{/* What every container shares: it may do nothing that its program does not need. */}}
{{- define "supabase.container" -}}
imagePullPolicy: IfNotPresent
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities:
    drop: [ALL]
{{- if .Values.terminationDelaySeconds }}
lifecycle:
  # Until every proxy has learned that the pod is going, requests still arrive.
  preStop:
    sleep:
      seconds: {{ .Values.terminationDelaySeconds }}
{{- end }}
{{- end }}

{{/* One environment variable from a Secret. Takes a list: variable, secret's values, key. */}}
{{- define "supabase.secretVariable" -}}
- name: {{ index . 0 }}
  valueFrom:
    secretKeyRef:
      name: {{ (index . 1).name }}
      key: {{ index . 2 }}
{{- end }}
