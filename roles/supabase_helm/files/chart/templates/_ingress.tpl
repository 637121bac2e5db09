{{/*
SPDX-License-Identifier: GPL-3.0-or-later
Copyright: (c) 2026, Supastack contributors
*/}}

{{/* Values that do not go together. The schema knows each by itself. */}}
{{- define "supabase.ingress.check" -}}
{{- $ingress := .Values.ingress }}{{ $gateway := .Values.gateway -}}
{{- if not $gateway.enabled }}
{{- fail "ingress.enabled is true and gateway.enabled false: enable the gateway, or no Ingress" }}
{{- end }}
{{- if not (or $ingress.certificateArns $ingress.allowHttp) }}
{{- fail (print "ingress.certificateArns is empty and ingress.allowHttp false: name a certificate, or set "
  "ingress.allowHttp to true to send keys and passwords in the clear") }}
{{- end }}
{{- if and .Values.networkPolicy.enabled (not .Values.networkPolicy.albCidrs) }}
{{- fail (print "networkPolicy.albCidrs is empty and ingress.enabled true: give the addresses of the load balancer's "
  "subnets, without which the gateway does not let it in") }}
{{- end }}
{{- if and $ingress.securityGroups $ingress.inboundCidrs }}
{{- fail (print "ingress.securityGroups and ingress.inboundCidrs are both set, and the controller would ignore the "
  "latter: set one of them") }}
{{- end }}
{{- if not $gateway.trustedProxies }}
{{- fail (print "gateway.trustedProxies is 0 and ingress.enabled true: count the load balancer, or every caller has "
  "its address") }}
{{- end }}
{{- /* What the gateway answers at another host, the API's load balancer lets everybody ask for. */}}
{{- if ne $ingress.studio.host $gateway.studioHost }}
{{- fail (printf "ingress.studio.host is '%s' and gateway.studioHost '%s': make them the same, or both empty"
  $ingress.studio.host $gateway.studioHost) }}
{{- end }}
{{- if $ingress.studio.host }}
{{- include "supabase.ingress.checkStudio" . }}
{{- end }}
{{- end }}

{{- define "supabase.ingress.checkStudio" -}}
{{- $ingress := .Values.ingress }}{{ $host := $ingress.studio.host -}}
{{- /* A load balancer that forwards any host would forward Studio's too, past the list of addresses. */}}
{{- if or (not $ingress.host) (eq $ingress.host $host) }}
{{- fail (printf "ingress.studio.host is '%s' and ingress.host '%s': give each a host of its own" $host
  $ingress.host) }}
{{- end }}
{{- if not $ingress.studio.cidrs }}
{{- fail (printf "ingress.studio.cidrs is empty and ingress.studio.host '%s': give the addresses that may reach Studio"
  $host) }}
{{- end }}
{{- if not $ingress.certificateArns }}
{{- fail (printf "ingress.certificateArns is empty and ingress.studio.host '%s': %s" $host
  "name a certificate, for Studio's password is not sent in the clear") }}
{{- end }}
{{- if not .Values.studio.enabled }}
{{- fail (printf "studio.enabled is false and ingress.studio.host '%s': enable Studio, or leave the host empty"
  $host) }}
{{- end }}
{{- end }}

{{/* Seconds that a pod serves on after it has left its Service. Takes a list: the component and the root context. */}}
{{- define "supabase.terminationDelay" -}}
{{- $values := (index . 1).Values -}}
{{- if and (eq (index . 0) "gateway") $values.ingress.enabled }}
{{- /* The controller has to notice first, for which AWS names no time. Then requests under way have their time. */}}
{{- add 15 $values.ingress.deregistrationDelaySeconds }}
{{- else }}
{{- int64 $values.terminationDelaySeconds }}
{{- end }}
{{- end }}

{{/*
Annotations of both Ingresses. Source: docs/guide/ingress/annotations.md of AWS Load Balancer Controller 3.5.0.
Neither has a group.name: whoever may make an Ingress anywhere in the cluster could join the group and take its traffic.
*/}}
{{- define "supabase.ingress.annotations" -}}
{{- $ingress := .Values.ingress }}{{ $prefix := "alb.ingress.kubernetes.io" -}}
{{ $prefix }}/scheme: {{ $ingress.scheme }}
{{ $prefix }}/target-type: ip
{{- if $ingress.certificateArns }}
{{ $prefix }}/listen-ports: '[{"HTTP": 80}, {"HTTPS": 443}]'
{{ $prefix }}/ssl-redirect: "443"
{{ $prefix }}/certificate-arn: {{ join "," $ingress.certificateArns | quote }}
{{ $prefix }}/ssl-policy: {{ $ingress.sslPolicy }}
{{- else }}
{{ $prefix }}/listen-ports: '[{"HTTP": 80}]'
{{- end }}
{{- if include "supabase.edges.exists" (list "auth" .) }}
# Needs no key and is answered by Auth: it proves gateway and Auth together.
{{ $prefix }}/healthcheck-path: /auth/v1/.well-known/jwks.json
{{ $prefix }}/success-codes: "200"
{{- else }}
# Without a key the gateway refuses this by itself, or knows no service for it.
{{ $prefix }}/healthcheck-path: /rest/v1/
{{ $prefix }}/success-codes: {{ ternary "401" "404" .Values.rest.enabled | quote }}
{{- end }}
{{ $prefix }}/healthcheck-interval-seconds: "10"
{{ $prefix }}/healthcheck-timeout-seconds: "5"
{{ $prefix }}/healthy-threshold-count: "2"
{{ $prefix }}/unhealthy-threshold-count: "3"
# Names of headers with other characters than letters, digits and hyphens are used to smuggle requests.
{{- $timeout := printf "idle_timeout.timeout_seconds=%d" (int64 $ingress.idleTimeoutSeconds) }}
{{ $prefix }}/load-balancer-attributes: {{ $timeout }},routing.http.drop_invalid_header_fields.enabled=true
{{- $delay := printf "deregistration_delay.timeout_seconds=%d" (int64 $ingress.deregistrationDelaySeconds) }}
{{ $prefix }}/target-group-attributes: {{ $delay }}
{{- with $ingress.subnets }}
{{ $prefix }}/subnets: {{ join "," . | quote }}
{{- end }}
{{- with $ingress.wafAclArn }}
{{ $prefix }}/wafv2-acl-arn: {{ . | quote }}
{{- end }}
{{- if $ingress.tags }}
{{- $tags := list }}
{{- range $key, $value := $ingress.tags }}
{{- $tags = append $tags (printf "%s=%s" $key $value) }}
{{- end }}
{{ $prefix }}/tags: {{ join "," $tags | quote }}
{{- end }}
{{- end }}

{{/* One rule: everything to the gateway. Takes a list: the host, empty for any, and the root context. */}}
{{- define "supabase.ingress.spec" -}}
{{- $host := index . 0 }}{{ $root := index . 1 -}}
ingressClassName: {{ $root.Values.ingress.className }}
rules:
  - http:
      paths:
        - path: /
          pathType: Prefix
          backend:
            service:
              name: {{ include "supabase.name" (list "gateway" $root) }}
              port:
                number: {{ $root.Values.gateway.port }}
    {{- with $host }}
    host: {{ . }}
    {{- end }}
{{- end }}
