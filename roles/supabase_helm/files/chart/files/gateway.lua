-- SPDX-License-Identifier: GPL-3.0-or-later
-- Copyright: (c) 2026, Supastack contributors

-- API keys at the gateway. Each route names in its metadata who may use it: `open`, `any_key`, `service_role`,
-- `optional_key` (a key is exchanged where there is one) or `dashboard` (user and password of Studio). `key_header`
-- there names the header that the service wants the key's JWT in, when that is not Authorization. The keys come from
-- the environment only, so that no ConfigMap and no configuration dump holds them.

local function required(name)
  local value = os.getenv(name)
  if value == nil or value == "" then
    error("environment variable " .. name .. " is missing or empty")
  end
  return value
end

-- Looking a key up in a table compares hashes of interned strings, not one byte after the other, so the time that a
-- wrong key takes says nothing about the right one.
local grants = {}

local function grant(name, role, token)
  grants[required(name)] = {role = role, token = required(token)}
end

-- A legacy key is the JWT that the services verify; a new key stands for one that never leaves the gateway.
grant("SUPABASE_ANON_KEY", "anon", "SUPABASE_ANON_KEY")
grant("SUPABASE_SERVICE_ROLE_KEY", "service_role", "SUPABASE_SERVICE_ROLE_KEY")
grant("SUPABASE_PUBLISHABLE_KEY", "anon", "SUPABASE_ANON_JWT")
grant("SUPABASE_SECRET_KEY", "service_role", "SUPABASE_SERVICE_ROLE_JWT")

-- Takes `apikey` out of a path's query. Left there, PostgREST would read it as a filter on a column of that name.
local function without_key(path)
  local base, query = path:match("^([^?]*)%?(.*)$")
  if not query then
    return path, nil
  end
  local rest, key = {}, nil
  for part in query:gmatch("[^&]+") do
    local value = part:match("^apikey=(.*)$")
    if value then
      key = key or value
    else
      rest[#rest + 1] = part
    end
  end
  if not key then
    return path, nil
  end
  return #rest > 0 and base .. "?" .. table.concat(rest, "&") or base, key
end

local function take_key(headers)
  local path, in_query = without_key(headers:get(":path"))
  if in_query then
    headers:replace(":path", path)
  end
  local in_header = headers:get("apikey")
  headers:remove("apikey")
  return in_header or in_query
end

-- The JWT of a signed-in user wins over the key. Client libraries also send the key itself as a bearer token when
-- nobody is signed in: the new ones are no JWTs.
local function carries_jwt(authorization)
  local token = authorization and authorization:match("^[Bb][Ee][Aa][Rr][Ee][Rr] +(.+)$")
  return token ~= nil and token:match("^[%w_-]+%.[%w_-]+%.[%w_-]+$") ~= nil
end

local function deny(handle, status, reason)
  handle:respond({[":status"] = status}, reason)
end

-- Only where Studio is. An error while a request is served would let that request pass, so nothing here may raise one.
local dashboard_user, dashboard_password = os.getenv("DASHBOARD_USERNAME"), os.getenv("DASHBOARD_PASSWORD")

local function check_dashboard(handle)
  local accepted = {}
  if (dashboard_user or "") ~= "" and (dashboard_password or "") ~= "" then
    accepted["Basic " .. handle:base64Escape(dashboard_user .. ":" .. dashboard_password)] = true
  end
  if not accepted[handle:headers():get("authorization") or ""] then
    handle:respond(
      {[":status"] = "401", ["www-authenticate"] = 'Basic realm="Supabase Studio", charset="UTF-8"'},
      "Log in with the user and the password of the dashboard"
    )
  end
end

function envoy_on_request(handle)
  local access = handle:metadata():get("access")
  if access == "open" then
    return
  end
  if access == "dashboard" then
    return check_dashboard(handle)
  end
  local headers = handle:headers()
  local key = take_key(headers)
  if key == nil and access == "optional_key" then
    return
  end
  if key == nil then
    return deny(handle, "401", "No API key found in request")
  end
  local granted = grants[key]
  if granted == nil then
    return deny(handle, "401", "Invalid API key")
  end
  if access == "service_role" and granted.role ~= access then
    return deny(handle, "403", "This API key is not allowed here")
  end
  local key_header = handle:metadata():get("key_header")
  if key_header then
    headers:replace(key_header, granted.token)
  elseif not carries_jwt(headers:get("authorization")) then
    headers:replace("authorization", "Bearer " .. granted.token)
  end
end
