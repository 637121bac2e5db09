{{/*
SPDX-License-Identifier: GPL-3.0-or-later
Copyright: (c) 2026, Supastack contributors
*/}}

{{/* Realtime finds the tenant by the first label of the Host that it is asked for: the gateway says this name. */}}
{{- define "supabase.realtime.tenantName" -}}
realtime-dev
{{- end }}

{{/* Realtime's environment. Names and meanings: config/runtime.exs and rel/env.sh.eex of supabase/realtime. */}}
{{- define "supabase.realtime.environment" -}}
- {name: PORT, value: "4000"}
- {name: APP_NAME, value: realtime}
- {name: DB_HOST, value: {{ .Values.database.host | quote }}}
- {name: DB_PORT, value: {{ .Values.database.port | quote }}}
- {name: DB_NAME, value: {{ .Values.database.name | quote }}}
- {name: DB_USER, value: supabase_admin}
{{ include "supabase.secretVariables" (list .Values.secrets.databaseRoles (dict "DB_PASSWORD" "supabase_admin")) }}
- {name: DB_AFTER_CONNECT_QUERY, value: SET search_path TO _realtime}
- {name: DB_SSL, value: "true"}
# These connections verify the certificate. Those to the tenant's database cannot be told to: they are TLS without.
- {name: DB_SSL_CA_CERT, value: {{ include "supabase.caPath" . }}}
- {name: DB_POOL_SIZE, value: {{ .Values.realtime.pool | int64 | quote }}}
# API keys are signed with another secret, unlike upstream: there the anon key would administer tenants.
{{ include "supabase.secretVariables" (list .Values.secrets.realtime (dict
  "DB_ENC_KEY" "db_enc_key" "SECRET_KEY_BASE" "secret_key_base"
  "API_JWT_SECRET" "secret_key_base" "METRICS_JWT_SECRET" "secret_key_base")) }}
- {name: SEED_SELF_HOST, value: "false"}
- {name: RUN_JANITOR, value: "true"}
- {name: DISABLE_HEALTHCHECK_LOGGING, value: "true"}
- {name: LOG_LEVEL, value: {{ .Values.realtime.logLevel }}}
# Pods find each other by notifications through the database and then talk directly, by the address in their name.
- {name: CLUSTER_STRATEGIES, value: POSTGRES}
- name: POD_IP
  valueFrom:
    fieldRef:
      fieldPath: status.podIP
# One port instead of a random one for each pod, so that a network policy can name it.
- {name: ERL_AFLAGS, value: -proto_dist inet_tcp -kernel inet_dist_listen_min 9100 inet_dist_listen_max 9100}
- {name: DNS_NODES, value: "''"}
# The root file system is read-only.
- {name: RELEASE_TMP, value: /tmp}
- {name: ERL_CRASH_DUMP, value: /tmp/erl_crash.dump}
- {name: HOME, value: /tmp}
{{- end }}

{{/* What files/realtime_tenant.exs reads besides. */}}
{{- define "supabase.realtime.tenant" -}}
- {name: TENANT_NAME, value: {{ include "supabase.realtime.tenantName" . }}}
{{ include "supabase.secretVariables" (list .Values.secrets.jwt (dict
  "TENANT_JWT_SECRET" "secret" "TENANT_JWT_JWKS" "jwks")) }}
{{- with .Values.realtime.limits }}
- {name: TENANT_MAX_CONCURRENT_USERS, value: {{ .concurrentUsers | int64 | quote }}}
- {name: TENANT_MAX_EVENTS_PER_SECOND, value: {{ .eventsPerSecond | int64 | quote }}}
- {name: TENANT_MAX_BYTES_PER_SECOND, value: {{ .bytesPerSecond | int64 | quote }}}
- {name: TENANT_MAX_CHANNELS_PER_CLIENT, value: {{ .channelsPerClient | int64 | quote }}}
- {name: TENANT_MAX_JOINS_PER_SECOND, value: {{ .joinsPerSecond | int64 | quote }}}
{{- end }}
{{- end }}

{{- define "supabase.realtime.mounts" -}}
- {name: tmp, mountPath: /tmp}
- {name: token, mountPath: /run/supastack}
# Realtime unpacks a program here to compare schemas with.
- {name: cache, mountPath: /app/.pgdelta-cache}
- {name: database-ca, mountPath: /etc/supabase/database-ca, readOnly: true}
{{- end }}
