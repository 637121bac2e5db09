{{/*
SPDX-License-Identifier: GPL-3.0-or-later
Copyright: (c) 2026, Supastack contributors
*/}}

{{/*
A ConfigMap has a flat list of keys, so the files of functions get numbers there and their paths in the volume. Takes a
list: the volume's name, whether the main service is in it, the root context.
*/}}
{{- define "supabase.functions.volume" -}}
{{- $root := index . 2 -}}
- name: {{ index . 0 }}
  configMap:
    name: {{ include "supabase.name" (list "functions" $root) }}
    items:
      {{- if index . 1 }}
      - {key: main, path: main/index.ts}
      {{- end }}
      {{- range $function, $files := $root.Values.functions.code }}
      {{- $number := int64 0 }}
      {{- range $path, $_ := $files }}
      - {key: {{ printf "%s.%d" $function $number | quote }}, path: {{ printf "%s/%s" $function $path | quote }}}
      {{- $number = add1 $number }}
      {{- end }}
      {{- end }}
      {{- if and (not (index . 1)) (not $root.Values.functions.code) }}
      # Without items the volume would hold every key under its own name.
      - {key: none, path: .none}
      {{- end }}
{{- end }}

{{/* What the main service has to know about the functions, as JSON. Folders with a leading _ are no functions. */}}
{{- define "supabase.functions.settings" -}}
{{- $functions := .Values.functions }}
{{- $verified := dict }}
{{- range $name, $_ := $functions.code }}
{{- if not (hasPrefix "_" $name) }}
{{- $_ := set $verified $name (and $functions.verifyJwt (not (has $name $functions.public))) }}
{{- end }}
{{- end }}
{{- range $functions.public }}
{{- if not (hasKey $verified .) }}
{{- fail (printf "functions.public names %s, which is no function of functions.code: correct or remove it" .) }}
{{- end }}
{{- end }}
{{- dict "verified" $verified "memoryMb" $functions.workerMemoryMb "seconds" $functions.workerSeconds | toJson }}
{{- end }}

{{/* Refuses code that would not fit: a ConfigMap holds 1 MiB, and Helm's record of a release holds the code twice. */}}
{{- define "supabase.functions.check" -}}
{{- if hasKey .Values.functions.code "main" }}
{{- fail "functions.code has main, the name of the chart's own service, which calls the functions: leave it out" }}
{{- end }}
{{- $bytes := 0 }}
{{- range $_, $files := .Values.functions.code }}
{{- range $_, $text := $files }}
{{- $bytes = add $bytes (len $text) }}
{{- end }}
{{- end }}
{{- if gt (int $bytes) 524288 }}
{{- $advice := "import larger parts from a registry (npm:, jsr:)" }}
{{- fail (printf "functions.code has %d bytes, and only 524288 can be kept in the cluster: %s" $bytes $advice) }}
{{- end }}
{{- end }}
