{{/*
SPDX-License-Identifier: GPL-3.0-or-later
Copyright: (c) 2026, Supastack contributors
*/}}
{{- define "external-dns.selector" -}}
app.kubernetes.io/name: external-dns
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "external-dns.account" -}}
{{ .Values.serviceAccount.name | default .Release.Name }}
{{- end }}
