{{/*
SPDX-License-Identifier: GPL-3.0-or-later
Copyright: (c) 2026, Supastack contributors
*/}}

{{/*
One route. Takes a dict: match (YAML), access, cluster, timeout and, optional,
rewrite: what the service gets in place of what matched, by default /;
host: the Host that the service gets; headers: more headers for the service;
keyHeader: the header that it wants the key's JWT in; prefix: the path that it is to put before its own in links;
websocket: connections may become websockets;
internal: no browser calls it.
*/}}
{{- define "supabase.envoy.route" -}}
- match: {{ .match }}
  metadata:
    filter_metadata:
      envoy.filters.http.lua: {access: {{ .access }}{{ with .keyHeader }}, key_header: {{ . }}{{ end }}}
  route:
    cluster: {{ .cluster }}
    prefix_rewrite: {{ .rewrite | default "/" }}
    {{- with .host }}
    host_rewrite_literal: {{ . }}
    {{- end }}
    timeout: {{ .timeout | int64 }}s
    upgrade_configs: [{upgrade_type: websocket, enabled: {{ .websocket | default false }}}]
    retry_policy:
      # Only where the service cannot have seen the request.
      retry_on: connect-failure,refused-stream,reset-before-request
      num_retries: 2
  {{- $headers := .headers | default dict }}
  {{- with .prefix }}
  {{- $headers = merge (dict "x-forwarded-host" "%REQ(:AUTHORITY)%" "x-forwarded-prefix" .) $headers }}
  {{- end }}
  {{- with $headers }}
  request_headers_to_add:
    {{- range $name, $value := . }}
    - header: {key: {{ $name }}, value: {{ $value | quote }}}
      append_action: OVERWRITE_IF_EXISTS_OR_ADD
    {{- end }}
  {{- end }}
  {{- if .internal }}
  request_headers_to_remove: [authorization]
  # The service itself would let every origin read its answers.
  response_headers_to_remove: [access-control-allow-origin]
  {{- include "supabase.envoy.noCors" . | nindent 2 }}
  {{- end }}
{{- end }}

{{- define "supabase.envoy.noCors" -}}
typed_per_filter_config:
  envoy.filters.http.cors:
    "@type": type.googleapis.com/envoy.config.route.v3.FilterConfig
    config: {}
    disabled: true
{{- end }}

{{/* An answer of the gateway itself. Takes a dict: match (YAML), status, text. */}}
{{- define "supabase.envoy.answer" -}}
- match: {{ .match }}
  metadata:
    filter_metadata:
      envoy.filters.http.lua: {access: open}
  direct_response:
    status: {{ .status }}
    body: {inline_string: {{ .text | quote }}}
{{- end }}

{{/* Takes a path prefix. */}}
{{- define "supabase.envoy.closed" -}}
{{ include "supabase.envoy.answer" (dict
  "match" (printf "{prefix: %s}" .) "status" 403 "text" "This path is closed") }}
{{- end }}

{{/* Studio, for whoever knows user and password; its interface for language models is closed, as upstream has it. */}}
{{- define "supabase.envoy.studio" -}}
{{ include "supabase.envoy.closed" "/mcp" }}
{{ include "supabase.envoy.closed" "/api/mcp" }}
{{ include "supabase.envoy.route" (dict
  "match" "{prefix: /}" "access" "dashboard" "cluster" "studio" "timeout" .Values.studio.timeoutSeconds
  "internal" true) }}
{{- end }}

{{- define "supabase.envoy.auth" -}}
{{- $auth := dict "cluster" "auth" "timeout" .Values.auth.timeoutSeconds }}
{{- if .Values.gateway.trustedProxies }}
{{- $_ := set $auth "headers" (dict
  (include "supabase.clientHeader" .) "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%") }}
{{- end }}
# Where browsers arrive from mails and from other sites, without a key.
{{- $open := dict
  "/auth/v1/verify" "/verify"
  "/auth/v1/callback" "/callback"
  "/auth/v1/authorize" "/authorize"
  "/auth/v1/.well-known/jwks.json" "/.well-known/jwks.json"
  "/auth/v1/sso/saml/acs" "/sso/saml/acs"
  "/auth/v1/sso/saml/metadata" "/sso/saml/metadata"
  "/sso/saml/acs" "/sso/saml/acs"
  "/sso/saml/metadata" "/sso/saml/metadata" }}
{{- /* RFC 8414, section 3.1: the path of the issuer follows the well-known one. */}}
{{- range $issuer := list "" "/auth/v1" }}
{{- $_ := set $open (printf "/.well-known/oauth-authorization-server%s" $issuer)
  "/.well-known/oauth-authorization-server" }}
{{- end }}
{{- range $path, $rewrite := $open }}
{{ include "supabase.envoy.route" (merge (dict
  "match" (printf "{path: %s}" $path) "rewrite" $rewrite "access" "open") $auth) }}
{{- end }}
{{ include "supabase.envoy.route" (merge (dict "match" "{prefix: /auth/v1/}" "access" "any_key") $auth) }}
{{- end }}

{{- define "supabase.envoy.rest" -}}
{{- $rest := dict "cluster" "rest" "timeout" .Values.rest.timeoutSeconds }}
# The OpenAPI document lists every table and function: not for the key that is in every browser.
{{ include "supabase.envoy.route" (merge (dict "match" "{path: /rest/v1/}" "access" "service_role") $rest) }}
{{ include "supabase.envoy.route" (merge (dict "match" "{prefix: /rest/v1/}" "access" "any_key") $rest) }}
{{- if .Values.rest.graphql }}
{{ include "supabase.envoy.route" (merge (dict
  "match" "{path: /graphql/v1}" "rewrite" "/rpc/graphql" "access" "any_key"
  "headers" (dict "content-profile" "graphql_public")) $rest) }}
{{- end }}
{{- end }}

{{- define "supabase.envoy.realtime" -}}
{{- $realtime := dict "cluster" "realtime" "access" "any_key"
  "host" (printf "%s.supabase-realtime" (include "supabase.realtime.tenantName" .)) }}
# What clients need of its API, and nothing else: the rest of it administers tenants. A list of what is closed would let
# through what a later version adds.
{{ include "supabase.envoy.route" (merge (dict
  "match" "{path_separated_prefix: /realtime/v1/api/broadcast}" "rewrite" "/api/broadcast" "timeout" 30) $realtime) }}
{{ include "supabase.envoy.route" (merge (dict
  "match" "{path: /realtime/v1/api/ping}" "rewrite" "/api/ping" "timeout" 30) $realtime) }}
{{ include "supabase.envoy.closed" "/realtime/v1/api" }}
# The idle timeout ends websockets that nobody uses.
{{ include "supabase.envoy.route" (merge (dict
  "match" "{prefix: /realtime/v1/}" "rewrite" "/socket/" "timeout" 0 "keyHeader" "x-api-key" "websocket" true)
  $realtime) }}
{{- end }}

{{- define "supabase.envoy.storage" -}}
# Clients of the S3 protocol sign their requests and have no key; public files need none. Neither way has a file an end
# in time.
{{ include "supabase.envoy.route" (dict
  "match" "{prefix: /storage/v1/}" "access" "optional_key" "cluster" "storage" "timeout" 0 "prefix" "/storage/v1") }}
{{- end }}

{{- define "supabase.envoy.functions" -}}
# Functions see what the client sent, and check it themselves.
{{ include "supabase.envoy.route" (dict
  "match" "{prefix: /functions/v1/}" "access" "open" "cluster" "functions"
  "timeout" .Values.functions.timeoutSeconds "prefix" "/functions/v1" "websocket" true) }}
{{- end }}

{{- define "supabase.envoy.meta" -}}
{{ include "supabase.envoy.route" (dict
  "match" "{prefix: /pg/}" "access" "service_role" "cluster" "meta" "timeout" .Values.meta.timeoutSeconds
  "internal" true) }}
{{- end }}

{{- define "supabase.envoy.cluster" -}}
- name: {{ .name }}
  type: STRICT_DNS
  dns_lookup_family: V4_PREFERRED
  connect_timeout: 2s
  typed_extension_protocol_options:
    envoy.extensions.upstreams.http.v3.HttpProtocolOptions:
      "@type": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions
      # Shorter than the services' own keep-alive (PostgREST: 30 s), so that no request meets a closing connection.
      common_http_protocol_options: {idle_timeout: 20s}
      explicit_http_config: {http_protocol_options: {}}
  load_assignment:
    cluster_name: {{ .name }}
    endpoints:
      - lb_endpoints:
          - endpoint:
              address:
                socket_address: {address: {{ .address }}, port_value: {{ .port }}}
{{- end }}

{{- define "supabase.envoy" -}}
admin:
  address:
    socket_address: {address: 127.0.0.1, port_value: 9901}
static_resources:
  listeners:
    - name: gateway
      address:
        socket_address: {address: 0.0.0.0, port_value: {{ .Values.gateway.port }}}
      # Bodies are streamed: this bounds the memory of a slow connection, not the size of a request.
      per_connection_buffer_limit_bytes: 1048576
      filter_chains:
        - filters:
            - name: envoy.filters.network.http_connection_manager
              typed_config:
                "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
                stat_prefix: gateway
                use_remote_address: true
                # They say who called, and whether by TLS. Without one nobody is believed.
                xff_num_trusted_hops: {{ .Values.gateway.trustedProxies }}
                # One spelling per path: what the routes match is what the services get.
                normalize_path: true
                merge_slashes: true
                path_with_escaped_slashes_action: REJECT_REQUEST
                # Longer than the load balancer's, which would otherwise send requests into closing connections.
                common_http_protocol_options: {idle_timeout: {{ add 60 .Values.ingress.idleTimeoutSeconds }}s}
                request_headers_timeout: 15s
                stream_idle_timeout: {{ add 60 .Values.ingress.idleTimeoutSeconds }}s
                # Each route to a service says whether it takes them. Without this here, Envoy would refuse them before
                # it looks where they go, also where nothing is.
                upgrade_configs: [{upgrade_type: websocket}]
                access_log:
                  - name: envoy.access_loggers.stdout
                    typed_config:
                      "@type": type.googleapis.com/envoy.extensions.access_loggers.stream.v3.StdoutAccessLog
                      log_format:
                        # Without the query: it may hold an API key.
                        json_format:
                          time: "%START_TIME%"
                          method: "%REQ(:METHOD)%"
                          path: "%PATH(NQ:ORIG_OR_PATH)%"
                          status: "%RESPONSE_CODE%"
                          flags: "%RESPONSE_FLAGS%"
                          details: "%RESPONSE_CODE_DETAILS%"
                          duration_ms: "%DURATION%"
                          bytes_sent: "%BYTES_SENT%"
                          bytes_received: "%BYTES_RECEIVED%"
                          service: "%UPSTREAM_CLUSTER%"
                          request_id: "%REQ(X-REQUEST-ID)%"
                # Every answer that Envoy gives itself is JSON, as clients expect of an API.
                local_reply_config:
                  mappers:
                    - filter:
                        status_code_filter:
                          comparison: {op: EQ, value: {default_value: 400, runtime_key: unused}}
                      body:
                        inline_string: The request is malformed, or its path holds an escaped slash or dot-dot
                    - filter:
                        and_filter:
                          filters:
                            - status_code_filter:
                                comparison: {op: EQ, value: {default_value: 403, runtime_key: unused}}
                            - header_filter:
                                header: {name: upgrade, present_match: true}
                      body:
                        inline_string: This path takes no websockets
                  body_format:
                    json_format: {message: "%LOCAL_REPLY_BODY%"}
                http_filters:
                  # Before the keys: a browser sends none when it asks what it may send.
                  - name: envoy.filters.http.cors
                    typed_config:
                      "@type": type.googleapis.com/envoy.extensions.filters.http.cors.v3.Cors
                  - name: envoy.filters.http.lua
                    typed_config:
                      "@type": type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua
                      default_source_code: {filename: /etc/envoy/gateway.lua}
                  - name: envoy.filters.http.router
                    typed_config:
                      "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router
                route_config:
                  name: gateway
                  virtual_hosts:
                    - name: supabase
                      domains: ["*"]
                      typed_per_filter_config:
                        envoy.filters.http.cors:
                          "@type": type.googleapis.com/envoy.extensions.filters.http.cors.v3.CorsPolicy
                          allow_origin_string_match: [{safe_regex: {regex: ".*"}}]
                          allow_methods: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS
                          # Browsers do not count Authorization among "*".
                          allow_headers: authorization, *
                          expose_headers: "*"
                          max_age: "3600"
                      routes:
                        {{- range $service := list "auth" "rest" "realtime" "storage" "functions" "meta" }}
                        {{- if (index $.Values $service).enabled }}
                        {{- include (printf "supabase.envoy.%s" $service) $ | nindent 24 }}
                        {{- end }}
                        {{- end }}
                        {{- if and .Values.studio.enabled (eq .Values.gateway.studioHost "*") }}
                        {{- include "supabase.envoy.studio" . | nindent 24 }}
                        {{- else }}
                        {{- include "supabase.envoy.answer" (dict
                          "match" "{prefix: /}" "status" 404 "text" "No service has this path") | nindent 24 }}
                        {{- end }}
                    {{- $host := .Values.gateway.studioHost }}
                    {{- if and .Values.studio.enabled $host (ne $host "*") }}
                    - name: studio
                      domains: [{{ $host | quote }}, {{ printf "%s:*" $host | quote }}]
                      routes:
                        {{- include "supabase.envoy.studio" . | nindent 24 }}
                    {{- end }}
    - name: health
      address:
        socket_address: {address: 0.0.0.0, port_value: 9902}
      filter_chains:
        - filters:
            - name: envoy.filters.network.http_connection_manager
              typed_config:
                "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
                stat_prefix: health
                http_filters:
                  - name: envoy.filters.http.router
                    typed_config:
                      "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router
                route_config:
                  name: health
                  virtual_hosts:
                    - name: health
                      domains: ["*"]
                      routes:
                        - match:
                            path: /ready
                            headers: [{name: ":method", string_match: {exact: GET}}]
                          route: {cluster: admin}
  clusters:
    {{- include "supabase.envoy.cluster" (dict "name" "admin" "address" "127.0.0.1" "port" 9901) | nindent 4 }}
    {{- range $component, $port := omit (include "supabase.components" . | fromYaml) "gateway" "imgproxy" }}
    {{- if (index $.Values $component).enabled }}
    {{- include "supabase.envoy.cluster" (dict
      "name" $component "address" (include "supabase.name" (list $component $)) "port" $port) | nindent 4 }}
    {{- end }}
    {{- end }}
{{- end }}
