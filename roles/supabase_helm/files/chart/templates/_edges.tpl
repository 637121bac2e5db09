{{/*
SPDX-License-Identifier: GPL-3.0-or-later
Copyright: (c) 2026, Supastack contributors
*/}}

{{/*
Every connection that is allowed, one a line. An end is a component, or a name of the template below; a line counts when
both of its ends are there. The ports are those of the Services too: VPC CNI compares a packet before the Service's
address becomes a pod's. Probes need no line: a node always reaches its own pods.
*/}}
{{- define "supabase.edges" -}}
- {from: [balancers], to: [gateway], tcp: [{{ .Values.gateway.port }}]}
- {from: [clients], to: [gateway], tcp: [{{ .Values.gateway.port }}]}
- {from: [studio], to: [gateway], tcp: [{{ .Values.gateway.port }}]}
- {from: [functions], to: [gateway], tcp: [{{ .Values.gateway.port }}]}
- {from: [gateway], to: [auth], tcp: [9999]}
- {from: [gateway], to: [rest], tcp: [3000]}
- {from: [gateway], to: [realtime], tcp: [4000]}
- {from: [gateway], to: [storage], tcp: [5000]}
- {from: [gateway], to: [functions], tcp: [9000]}
- {from: [gateway], to: [meta], tcp: [8080]}
- {from: [gateway], to: [studio], tcp: [3000]}
- {from: [studio], to: [meta], tcp: [8080]}
- {from: [storage], to: [imgproxy], tcp: [5001]}
# epmd, gen_rpc, and the Erlang distribution, which would take any free port if ERL_AFLAGS did not name this one.
- {from: [realtime], to: [realtime], tcp: [4369, 5369, 9100]}
- {from: [auth, rest, realtime, storage, meta, bootstrap], to: [database], tcp: [{{ .Values.database.port }}]}
- {from: [storage, imgproxy], to: [aws], tcp: [443]}
- {from: [storage], to: [podIdentity], tcp: [80]}
- {from: [auth], to: [mailAndProviders], tcp: {{ .Values.networkPolicy.authPorts | toJson }}}
- {from: [functions], to: [internet], tcp: [443]}
- {from: [gateway, auth, rest, realtime, storage, bootstrap], to: [dns], tcp: [53], udp: [53]}
- {from: [imgproxy, functions, meta, studio], to: [dns], tcp: [53], udp: [53]}
{{- end }}

{{/* Whether a component of the table has pods. Takes a list: component and root context. Empty means no. */}}
{{- define "supabase.edges.exists" -}}
{{- $component := index . 0 }}{{ $values := (index . 1).Values -}}
{{- if eq $component "bootstrap" }}true
{{- else if and (hasKey $values $component) (index $values $component).enabled }}true
{{- end }}
{{- end }}

{{/* Labels that select a component's pods: those of its Service, by which VPC CNI finds the Service's address. */}}
{{- define "supabase.edges.pods" -}}
{{- if eq (index . 0) "bootstrap" -}}
{app.kubernetes.io/name: bootstrap, app.kubernetes.io/part-of: supabase}
{{- else -}}
{{ include "supabase.selector" . | fromYaml | toJson }}
{{- end }}
{{- end }}

{{/* One end of an edge as peers of a NetworkPolicy, a YAML list. Takes a list: the end and the root context. */}}
{{- define "supabase.edges.peers" -}}
{{- $end := index . 0 }}{{ $root := index . 1 }}{{ $policy := $root.Values.networkPolicy -}}
{{- if eq $end "balancers" }}{{ include "supabase.edges.addresses" $policy.albCidrs }}
{{- else if eq $end "database" }}{{ include "supabase.edges.addresses" $policy.databaseCidrs }}
{{- else if eq $end "aws" }}{{ include "supabase.edges.addresses" $policy.awsCidrs }}
{{- else if eq $end "mailAndProviders" }}{{ include "supabase.edges.addresses" $policy.authCidrs }}
{{- else if eq $end "internet" }}{{ include "supabase.edges.public" $policy.functionsCidrs }}
{{- /* https://docs.aws.amazon.com/eks/latest/userguide/pod-id-how-it-works.html */}}
{{- else if eq $end "podIdentity" }}{{ include "supabase.edges.addresses" (list "169.254.170.23/32") }}
{{- else if eq $end "clients" }}
{{- range $policy.clientNamespaces }}
- namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: {{ . }}}}
{{- end }}
{{- else if eq $end "dns" }}
- namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}}
  podSelector: {matchLabels: {k8s-app: kube-dns}}
{{- /* NodeLocal DNSCache, where the cluster has it */}}
{{ include "supabase.edges.addresses" (list "169.254.20.10/32") }}
{{- else if include "supabase.edges.exists" . }}
- podSelector: {matchLabels: {{ include "supabase.edges.pods" . }}}
{{- end }}
{{- end }}

{{- define "supabase.edges.addresses" -}}
{{- range . }}
- ipBlock: {cidr: {{ . }}}
{{- end }}
{{- end }}

{{/* As above, but "everywhere" leaves out private networks and the node's own services: users' code runs there. */}}
{{- define "supabase.edges.public" -}}
{{- range . }}
- ipBlock:
    cidr: {{ . }}
    {{- if eq . "0.0.0.0/0" }}
    except: [10.0.0.0/8, 100.64.0.0/10, 169.254.0.0/16, 172.16.0.0/12, 192.168.0.0/16]
    {{- end }}
{{- end }}
{{- end }}

{{/* Ports of an edge as a NetworkPolicy has them. */}}
{{- define "supabase.edges.ports" -}}
{{- range .tcp }}
- {port: {{ . }}, protocol: TCP}
{{- end }}
{{- range .udp }}
- {port: {{ . }}, protocol: UDP}
{{- end }}
{{- end }}

{{/* What a component may do in one direction. Takes a list: component, "from" or "to", and the root context. */}}
{{- define "supabase.edges.rules" -}}
{{- $component := index . 0 }}{{ $other := index . 1 }}{{ $root := index . 2 -}}
{{- $own := ternary "to" "from" (eq $other "from") -}}
{{- range $edge := include "supabase.edges" $root | fromYamlArray }}
{{- if has $component (index $edge $own) }}
{{- range $end := index $edge $other }}
{{- /* Without peers a rule would mean everybody. */}}
{{- with include "supabase.edges.peers" (list $end $root) | trim }}
- {{ $other }}:
    {{- . | nindent 4 }}
  ports:
    {{- include "supabase.edges.ports" $edge | trim | nindent 4 }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
