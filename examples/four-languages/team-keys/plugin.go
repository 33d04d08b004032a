// Knows callers and their teams by the digests of API keys.
package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strings"

	tidegate "tidegate.dev/plugin"
)

type owner struct {
	SHA256    string `json:"sha256"`
	Principal string `json:"principal"`
	Team      string `json:"team"`
}

type teamKeys struct {
	// The owners by the digests of their keys.
	owners map[string]owner
}

var _ tidegate.Authenticator = (*teamKeys)(nil)

func (t *teamKeys) Configure(config []byte) error {
	var settings struct {
		Keys []owner `json:"keys"`
	}
	if err := json.Unmarshal(config, &settings); err != nil {
		return err
	}
	t.owners = make(map[string]owner, len(settings.Keys))
	for _, owner := range settings.Keys {
		if _, twice := t.owners[owner.SHA256]; twice {
			return errors.New(`"keys" has the digest of ` + owner.Principal + ` twice; give every caller one of its own`)
		}
		t.owners[owner.SHA256] = owner
	}
	return nil
}

func (t *teamKeys) Authenticate(_ tidegate.Context, head tidegate.Head) tidegate.Auth {
	fields := head.Headers.Values("authorization")
	if len(fields) != 1 {
		return tidegate.Pass()
	}
	scheme, key, _ := strings.Cut(fields[0], " ")
	if !strings.EqualFold(scheme, "bearer") {
		return tidegate.Pass()
	}
	digest := sha256.Sum256([]byte(strings.TrimSpace(key)))
	owner, known := t.owners[hex.EncodeToString(digest[:])]
	if !known {
		return tidegate.Deny(401, "invalid_api_key", "the API key is not known").Header("www-authenticate", "Bearer")
	}
	// The key ends here: neither later filters nor the upstream see it.
	return tidegate.Grant(owner.Principal).Tenant(owner.Team).RemoveHeader("authorization")
}

func init() { tidegate.Register(&teamKeys{}) }

func main() {}
