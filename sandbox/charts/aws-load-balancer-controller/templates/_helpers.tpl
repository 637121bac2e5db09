{{/*
SPDX-License-Identifier: GPL-3.0-or-later
Copyright: (c) 2026, Supastack contributors
*/}}
{{- define "load-balancer.selector" -}}
app.kubernetes.io/name: aws-load-balancer-controller
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "load-balancer.account" -}}
{{ .Values.serviceAccount.name | default .Release.Name }}
{{- end }}
