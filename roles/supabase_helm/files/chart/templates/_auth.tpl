{{/*
SPDX-License-Identifier: GPL-3.0-or-later
Copyright: (c) 2026, Supastack contributors
*/}}

{{/* Auth's environment. Names and meanings: internal/conf/configuration.go of supabase/auth v2.196.0. */}}
{{- define "supabase.auth.environment" -}}
{{- $auth := .Values.auth }}{{ $database := .Values.database }}
{{- $external := printf "%s/auth/v1" .Values.publicUrl }}
- {name: GOTRUE_API_HOST, value: "0.0.0.0"}
- {name: GOTRUE_API_PORT, value: "9999"}
# With the path at which the gateway serves Auth: it is the issuer of tokens, and OAuth providers call back below it.
- {name: API_EXTERNAL_URL, value: {{ $external | quote }}}
- {name: GOTRUE_SITE_URL, value: {{ $auth.siteUrl | default .Values.publicUrl | quote }}}
- {name: GOTRUE_URI_ALLOW_LIST, value: {{ join "," $auth.redirectUrls | quote }}}
- {name: GOTRUE_DB_DRIVER, value: postgres}
{{ include "supabase.secretVariables" (list .Values.secrets.databaseRoles (dict
  "DATABASE_PASSWORD" "supabase_auth_admin")) }}
# Kubernetes puts the password in; it is of characters that an URL takes as they are.
{{- $server := printf "%s:%v/%s" $database.host $database.port $database.name }}
{{- $options := printf "sslmode=verify-full&sslrootcert=%s&application_name=auth" (include "supabase.caPath" .) }}
- name: GOTRUE_DB_DATABASE_URL
  value: {{ printf "postgres://supabase_auth_admin:$(DATABASE_PASSWORD)@%s?%s" $server $options | quote }}
- {name: GOTRUE_DB_MAX_POOL_SIZE, value: {{ $auth.pool | int64 | quote }}}
{{ include "supabase.secretVariables" (list .Values.secrets.jwt (dict
  "GOTRUE_JWT_SECRET" "secret" "GOTRUE_JWT_KEYS" "keys")) }}
- {name: GOTRUE_JWT_EXP, value: {{ $auth.jwtExpirySeconds | int64 | quote }}}
- {name: GOTRUE_JWT_AUD, value: authenticated}
- {name: GOTRUE_JWT_DEFAULT_GROUP_NAME, value: authenticated}
- {name: GOTRUE_JWT_ADMIN_ROLES, value: service_role}
- {name: GOTRUE_JWT_ISSUER, value: {{ $external | quote }}}
- {name: GOTRUE_DISABLE_SIGNUP, value: {{ $auth.disableSignup | quote }}}
- {name: GOTRUE_EXTERNAL_EMAIL_ENABLED, value: {{ $auth.email | quote }}}
- {name: GOTRUE_EXTERNAL_PHONE_ENABLED, value: "false"}
- {name: GOTRUE_EXTERNAL_ANONYMOUS_USERS_ENABLED, value: {{ $auth.anonymousUsers | quote }}}
- {name: GOTRUE_MAILER_AUTOCONFIRM, value: {{ $auth.autoconfirm | quote }}}
{{- if .Values.gateway.trustedProxies }}
# Auth limits requests by the address in this header, and without it not at all.
- {name: GOTRUE_RATE_LIMIT_HEADER, value: {{ include "supabase.clientHeader" . }}}
{{- end }}
# Links in mails are these paths from the root of the external URL's host, whatever path that URL has.
{{- range list "INVITE" "CONFIRMATION" "RECOVERY" "EMAIL_CHANGE" }}
- {name: GOTRUE_MAILER_URLPATHS_{{ . }}, value: /auth/v1/verify}
{{- end }}
{{- if $auth.smtp }}
{{ include "supabase.secretVariables" (list .Values.secrets.smtp (dict
  "GOTRUE_SMTP_HOST" "host" "GOTRUE_SMTP_PORT" "port" "GOTRUE_SMTP_USER" "username" "GOTRUE_SMTP_PASS" "password"
  "GOTRUE_SMTP_ADMIN_EMAIL" "admin_email" "GOTRUE_SMTP_SENDER_NAME" "sender_name")) }}
{{- end }}
{{- range $provider, $values := $auth.oauth }}
{{- $prefix := printf "GOTRUE_EXTERNAL_%s" (upper $provider) }}
- {name: {{ $prefix }}_ENABLED, value: "true"}
- {name: {{ $prefix }}_CLIENT_ID, value: {{ $values.clientId | quote }}}
{{ include "supabase.secretVariables" (list $values.secret (dict (printf "%s_SECRET" $prefix) $values.secret.key)) }}
{{- $redirect := $values.redirectUri | default (printf "%s/callback" $external) }}
- {name: {{ $prefix }}_REDIRECT_URI, value: {{ $redirect | quote }}}
{{- with $values.url }}
- {name: {{ $prefix }}_URL, value: {{ . | quote }}}
{{- end }}
{{- end }}
{{- end }}
