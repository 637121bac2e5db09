{{/*
SPDX-License-Identifier: GPL-3.0-or-later
Copyright: (c) 2026, Supastack contributors
*/}}

{{/* One route. Takes a dict: match (YAML), access, cluster, timeout and, optional, internal: no browser calls it. */}}
{{- define "supabase.envoy.route" -}}
- match: {{ .match }}
  metadata:
    filter_metadata:
      envoy.filters.http.lua: {access: {{ .access }}}
  route:
    cluster: {{ .cluster }}
    prefix_rewrite: /
    timeout: {{ .timeout }}s
    retry_policy:
      # Only where the service cannot have seen the request.
      retry_on: connect-failure,refused-stream,reset-before-request
      num_retries: 2
  {{- if .internal }}
  request_headers_to_remove: [authorization]
  # The service itself would let every origin read its answers.
  response_headers_to_remove: [access-control-allow-origin]
  typed_per_filter_config:
    envoy.filters.http.cors:
      "@type": type.googleapis.com/envoy.config.route.v3.FilterConfig
      config: {}
      disabled: true
  {{- end }}
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
                # One spelling per path: what the routes match is what the services get.
                normalize_path: true
                merge_slashes: true
                path_with_escaped_slashes_action: REJECT_REQUEST
                # Longer than the 60 s after which load balancers close idle connections by default.
                common_http_protocol_options: {idle_timeout: 300s}
                request_headers_timeout: 15s
                stream_idle_timeout: 300s
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
                        {{- if .Values.rest.enabled }}
                        {{- $rest := dict "cluster" "rest" "timeout" .Values.rest.timeoutSeconds }}
                        # The OpenAPI document lists every table and function: not for the key that is in every browser.
                        {{- include "supabase.envoy.route" (merge (dict "match" "{path: /rest/v1/}" "access" "service_role") $rest) | nindent 24 }}
                        {{- include "supabase.envoy.route" (merge (dict "match" "{prefix: /rest/v1/}" "access" "any_key") $rest) | nindent 24 }}
                        {{- end }}
                        {{- if .Values.meta.enabled }}
                        {{- include "supabase.envoy.route" (dict "match" "{prefix: /pg/}" "access" "service_role" "cluster" "meta" "timeout" .Values.meta.timeoutSeconds "internal" true) | nindent 24 }}
                        {{- end }}
                        - match: {prefix: /}
                          metadata:
                            filter_metadata:
                              envoy.filters.http.lua: {access: open}
                          direct_response:
                            status: 404
                            body: {inline_string: "No service has this path"}
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
    {{- if .Values.rest.enabled }}
    {{- include "supabase.envoy.cluster" (dict "name" "rest" "address" (include "supabase.name" (list "rest" .)) "port" 3000) | nindent 4 }}
    {{- end }}
    {{- if .Values.meta.enabled }}
    {{- include "supabase.envoy.cluster" (dict "name" "meta" "address" (include "supabase.name" (list "meta" .)) "port" 8080) | nindent 4 }}
    {{- end }}
{{- end }}
