{{/*
SPDX-License-Identifier: GPL-3.0-or-later
Copyright: (c) 2026, Supastack contributors
*/}}
{{- define "external-secrets.labels" -}}
app.kubernetes.io/name: external-secrets
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "external-secrets.account" -}}
{{ .Values.serviceAccount.name | default .Release.Name }}
{{- end }}

{{/*
A definition of the same group, version, kind and names as upstream's, that accepts every field. Takes a dict; `spec` is
a schema of fields that have a default.
*/}}
{{- define "external-secrets.definition" -}}
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: {{ .plural }}.{{ .group }}
  labels:
    {{- include "external-secrets.labels" .root | nindent 4 }}
spec:
  group: {{ .group }}
  names:
    categories: [{{ .category }}]
    kind: {{ .kind }}
    listKind: {{ .kind }}List
    plural: {{ .plural }}
    singular: {{ .kind | lower }}
    shortNames: [{{ .short }}]
  scope: {{ .scope }}
  versions:
    - name: {{ .version }}
      served: true
      storage: true
      subresources:
        status: {}
      additionalPrinterColumns:
        - name: Status
          type: string
          jsonPath: .status.conditions[?(@.type=="Ready")].reason
        - name: Ready
          type: string
          jsonPath: .status.conditions[?(@.type=="Ready")].status
      schema:
        openAPIV3Schema:
          type: object
          properties:
            apiVersion: {type: string}
            kind: {type: string}
            metadata: {type: object}
            spec:
              type: object
              x-kubernetes-preserve-unknown-fields: true
              {{- with .spec }}
              properties:
                {{- . | nindent 16 }}
              {{- end }}
            status:
              type: object
              x-kubernetes-preserve-unknown-fields: true
{{- end }}
