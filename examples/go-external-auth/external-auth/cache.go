package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"time"

	"tidegate.dev/plugin/kv"
)

// cache keeps who owns a key, for a time. It is a help only: where the store fails, the service is asked.
type cache struct {
	url string
	ttl time.Duration
}

// name is where an answer stands. The store never sees the key itself, and filters that ask another service have their own.
func (c cache) name(key string) string {
	digest := sha256.Sum256([]byte(c.url + "\n" + key))
	return "owner/" + hex.EncodeToString(digest[:])
}

func (c cache) owner(key string) (owner, bool) {
	if c.ttl == 0 {
		return owner{}, false
	}
	entry, err := kv.Get(c.name(key))
	if err != nil {
		warn("the cache of API keys cannot be read", err)
	}
	if entry == nil {
		return owner{}, false
	}
	var kept owner
	if err := json.Unmarshal(entry.Value, &kept); err != nil || kept.Principal == "" {
		return owner{}, false
	}
	return kept, true
}

func (c cache) keep(key string, whose owner) {
	if c.ttl == 0 {
		return
	}
	value, err := json.Marshal(whose)
	if err == nil {
		_, err = kv.Set(c.name(key), value, kv.TTL(c.ttl))
	}
	if err != nil {
		warn("the cache of API keys cannot be written", err)
	}
}
