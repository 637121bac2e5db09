{{/*
SPDX-License-Identifier: GPL-3.0-or-later
Copyright: (c) 2026, Supastack contributors
*/}}

{{/* Name of a component's objects. Takes a list: the component and the root context. */}}
{{- define "supabase.name" -}}
{{- $component := index . 0 }}{{ $root := index . 1 -}}
{{ printf "%s-%s" $root.Release.Name $component | trunc 63 | trimSuffix "-" }}
{{- end }}

{{/* Name of a component's service account. Storage's is an option: a pod identity association names it. */}}
{{- define "supabase.serviceAccount" -}}
{{- $component := index . 0 }}{{ $root := index . 1 -}}
{{ (index $root.Values $component).serviceAccountName | default (include "supabase.name" .) }}
{{- end }}

{{/* The components and the port of each one's Service, in the order of their objects. */}}
{{- define "supabase.components" -}}
gateway: {{ .Values.gateway.port }}
auth: 9999
rest: 3000
realtime: 4000
storage: 5000
imgproxy: 5001
functions: 9000
meta: 8080
studio: 3000
{{- end }}

{{/* Where a component is reached inside of the cluster. Takes a list as above. */}}
{{- define "supabase.url" -}}
{{- $component := index . 0 }}{{ $root := index . 1 -}}
{{- $ports := include "supabase.components" $root | fromYaml -}}
http://{{ include "supabase.name" . }}:{{ index $ports $component }}
{{- end }}

{{/* The header in which the gateway tells Auth a client's address; what a client puts there is overwritten. */}}
{{- define "supabase.clientHeader" -}}
x-supastack-client
{{- end }}

{{/* Not empty if an autoscaler sets the number of pods. Takes the component's values. */}}
{{- define "supabase.autoscaled" -}}
{{- if (.autoscaling | default dict).enabled }}true{{ end -}}
{{- end }}

{{/* The most pods that a component ever has: while it is updated, there is one more. Takes the component's values. */}}
{{- define "supabase.mostPods" -}}
{{- if include "supabase.autoscaled" . }}{{ add1 .autoscaling.maxReplicas }}{{ else }}{{ add1 .replicas }}{{ end -}}
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

{{/* The role puts a digest of the chart's files behind a + into its version, which no label may have. */}}
{{- define "supabase.labels" -}}
{{- $root := index . 1 -}}
{{ include "supabase.podLabels" . }}
app.kubernetes.io/managed-by: {{ $root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" $root.Chart.Name $root.Chart.Version | replace "+" "_" }}
{{- end }}

{{/* What every Deployment's spec starts with. Takes a list: the component, its values and the root context. */}}
{{- define "supabase.deployment" -}}
{{- $component := index . 0 }}{{ $values := index . 1 }}{{ $root := index . 2 -}}
{{- /* With an autoscaler the number is the autoscaler's: an upgrade must not put it back. */}}
{{- if not (include "supabase.autoscaled" $values) }}
replicas: {{ $values.replicas }}
{{- end }}
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

{{/* What every pod shares; meets the restricted Pod Security Standard. Takes a list: component, user, root. */}}
{{- define "supabase.pod" -}}
{{- $component := index . 0 }}{{ $user := index . 1 }}{{ $root := index . 2 -}}
serviceAccountName: {{ include "supabase.serviceAccount" (list $component $root) }}
automountServiceAccountToken: false
{{- with (index $root.Values $component).priorityClassName | default $root.Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
enableServiceLinks: false
terminationGracePeriodSeconds: {{ add 30 (include "supabase.terminationDelay" (list $component $root)) }}
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
{{- define "supabase.hardened" -}}
imagePullPolicy: IfNotPresent
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities:
    drop: [ALL]
{{- end }}

{{/* What every container of a service shares. Takes a list: the component and the root context. */}}
{{- define "supabase.container" -}}
{{ include "supabase.hardened" . }}
{{- $delay := include "supabase.terminationDelay" . | int }}
{{- if $delay }}
lifecycle:
  # Until everybody who sends it requests has learned that the pod is going, they still arrive.
  preStop:
    sleep:
      seconds: {{ $delay }}
{{- end }}
{{- end }}

{{/* Environment variables from a Secret. Takes a list: the secret's values, and its keys by variable. */}}
{{- define "supabase.secretVariables" -}}
{{- $variables := list }}
{{- range $variable, $key := index . 1 }}
{{- $reference := dict "name" (index $ 0).name "key" $key }}
{{- $variables = append $variables (dict "name" $variable "valueFrom" (dict "secretKeyRef" $reference)) }}
{{- end }}
{{- toYaml $variables }}
{{- end }}

{{/* The database's certificates as an environment variable. Takes a list: variable, root context. */}}
{{- define "supabase.caVariable" -}}
- name: {{ index . 0 }}
  valueFrom:
    configMapKeyRef:
      name: {{ (index . 1).Values.database.ca.configMap }}
      key: {{ (index . 1).Values.database.ca.key }}
{{- end }}

{{/* Where the database's certificates are mounted. */}}
{{- define "supabase.caPath" -}}
/etc/supabase/database-ca/{{ .Values.database.ca.key }}
{{- end }}

{{/*
Annotations of a pod that change with what it reads, so that it restarts: a container reads its environment only once.
Takes a list: root context, then keys of .Values.secrets, or database-ca.
*/}}
{{- define "supabase.versions" -}}
{{- $root := first . -}}
{{- range rest . }}
{{- if eq . "database-ca" }}
supastack.dev/database-ca: {{ $root.Values.database.ca.version | quote }}
{{- else }}
supastack.dev/{{ . | kebabcase }}: {{ (index $root.Values.secrets .).version | quote }}
{{- end }}
{{- end }}
{{- end }}

{{/* The same for Secrets of the user's own: a name may be longer than a key can be. Takes the component's values. */}}
{{- define "supabase.ownVersions" -}}
{{- with .environmentFrom }}
supastack.dev/environment-from: {{ toJson . | sha256sum | trunc 16 | quote }}
{{- end }}
{{- end }}

{{/* Secrets of the user's own whose keys become environment variables. Takes the component's values. */}}
{{- define "supabase.environmentFrom" -}}
{{- with .environmentFrom -}}
envFrom:
  {{- range . }}
  - secretRef:
      name: {{ .name }}
  {{- end }}
{{- end }}
{{- end }}

{{/*
Database connections of each service at most, as YAML: pool times pods, during an update. What is not a pool:
PostgREST and Storage each hold one more to listen for notifications. Realtime's pods hold two more to find each other,
and the one that serves the database ten (tenant_pool_requirements in its lib/realtime/database.ex). postgres-meta opens
one for each request at work and has no limit; five are assumed.
*/}}
{{- define "supabase.connections" -}}
{{- $perPodAndOnce := dict
  "auth" (list .Values.auth.pool 0)
  "rest" (list (add1 .Values.rest.pool) 0)
  "realtime" (list (add .Values.realtime.pool 2) 10)
  "storage" (list (add1 .Values.storage.pool) 0)
  "meta" (list 5 0) }}
{{- $total := 0 }}
{{- range $component, $own := $perPodAndOnce }}
{{- $values := index $.Values $component }}
{{- if $values.enabled }}
{{- $most := add (mul (index $own 0) (include "supabase.mostPods" $values | int)) (index $own 1) }}
{{- $total = add $total $most }}
{{ $component }}: {{ $most }}
{{- end }}
{{- end }}
total: {{ $total }}
{{- end }}

{{/* For whoever adds up what a rendered chart asks of the database. Takes a list: the component, the root context. */}}
{{- define "supabase.connectionsAnnotation" -}}
{{- $all := include "supabase.connections" (index . 1) | fromYaml -}}
supastack.dev/database-connections: {{ index $all (index . 0) | quote }}
{{- end }}

{{/* Schemas of the REST API. GraphQL is one of its functions, in a schema of its own. */}}
{{- define "supabase.rest.schemas" -}}
{{- $graphql := ternary (list "graphql_public") list .Values.rest.graphql -}}
{{- concat .Values.rest.schemas $graphql | uniq | join "," -}}
{{- end }}
