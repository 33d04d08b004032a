// Asks a service whose an API key is, and keeps good answers for a while.
package main

import (
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"time"

	tidegate "tidegate.dev/plugin"
	"tidegate.dev/plugin/log"
)

// No key is longer; what is gets no question.
const longestKey = 512

type externalAuth struct {
	service service
	cache   cache
}

var _ tidegate.Authenticator = (*externalAuth)(nil)

func (e *externalAuth) Configure(config []byte) error {
	settings := struct {
		URL          string `json:"url"`
		TimeoutMs    int64  `json:"timeout_ms"`
		CacheSeconds int64  `json:"cache_seconds"`
	}{TimeoutMs: 400, CacheSeconds: 60}
	if err := json.Unmarshal(config, &settings); err != nil {
		return err
	}
	if !isPrivate(settings.URL) {
		return errors.New(`"url" would send API keys in the clear; write https://, or http:// with 127.0.0.1, [::1] or localhost`)
	}
	e.service = service{settings.URL, time.Duration(settings.TimeoutMs) * time.Millisecond}
	e.cache = cache{settings.URL, time.Duration(settings.CacheSeconds) * time.Second}
	return nil
}

// isPrivate tells whether nobody can read along.
func isPrivate(url string) bool {
	rest, plain := strings.CutPrefix(url, "http://")
	if !plain {
		return strings.HasPrefix(url, "https://")
	}
	host := rest
	if end := strings.IndexAny(rest, "/?"); end >= 0 {
		host = rest[:end]
	}
	if at := strings.LastIndexByte(host, ':'); at > strings.LastIndexByte(host, ']') {
		host = host[:at]
	}
	return host == "127.0.0.1" || host == "[::1]" || host == "localhost"
}

func (e *externalAuth) Authenticate(_ tidegate.Context, head tidegate.Head) tidegate.Auth {
	key, fields := keyOf(head.Headers)
	if fields == 0 {
		return tidegate.Pass()
	}
	if fields > 1 || key == "" || len(key) > longestKey {
		return refused("send one API key, as a bearer token in authorization or in x-api-key")
	}
	if owner, kept := e.cache.owner(key); kept {
		return granted(owner)
	}
	owner, valid, err := e.service.owner(key)
	if err != nil {
		return tidegate.Fail[tidegate.Auth](err)
	}
	if !valid {
		return refused("the API key is not known")
	}
	e.cache.keep(key, owner)
	return granted(owner)
}

// keyOf is the key of a request, and in how many fields there is one. Another scheme than Bearer is not ours.
func keyOf(headers tidegate.Headers) (key string, fields int) {
	for _, value := range headers.Values("authorization") {
		scheme, credential, _ := strings.Cut(strings.TrimSpace(value), " ")
		if strings.EqualFold(scheme, "bearer") {
			key = strings.TrimSpace(credential)
			fields++
		}
	}
	for _, value := range headers.Values("x-api-key") {
		key = strings.TrimSpace(value)
		fields++
	}
	return key, fields
}

// The key ends here: neither later filters nor the upstream see it.
func granted(owner owner) tidegate.Auth {
	verdict := tidegate.Grant(owner.Principal).RemoveHeader("authorization").RemoveHeader("x-api-key")
	if owner.Tenant != "" {
		verdict = verdict.Tenant(owner.Tenant)
	}
	return verdict
}

func refused(message string) tidegate.Auth {
	return tidegate.Deny(401, "invalid_api_key", message).Header("www-authenticate", "Bearer")
}

func warn(message string, err error) { log.Warn(message, "error", err.Error()) }

func status(code uint16) string { return strconv.Itoa(int(code)) }

func init() { tidegate.Register(&externalAuth{}) }

func main() {}
