package main

import (
	"encoding/json"
	"errors"
	"time"

	tidegate "tidegate.dev/plugin"
	"tidegate.dev/plugin/http"
	"tidegate.dev/plugin/secrets"
)

// owner is whose a key is, as the service says it and the cache keeps it.
type owner struct {
	Principal string `json:"principal"`
	Tenant    string `json:"tenant,omitempty"`
}

type service struct {
	url     string
	timeout time.Duration
}

// owner asks whose a key is. An error means that nobody knows: the service is down, or says something else than agreed.
func (s service) owner(key string) (owner, bool, error) {
	token, err := secrets.Get("service-token")
	if err != nil {
		return owner{}, false, err
	}
	question, err := json.Marshal(map[string]string{"key": key})
	if err != nil {
		return owner{}, false, err
	}
	reply, err := http.Send(http.Request{
		Method: "POST",
		URL:    s.url,
		Headers: tidegate.Headers{
			{Name: "authorization", Value: []byte("Bearer " + token)},
			{Name: "content-type", Value: []byte("application/json")},
		},
		Body:    question,
		Timeout: s.timeout,
	})
	if err != nil {
		return owner{}, false, errors.New("the service of API keys: " + err.Error())
	}
	if reply.Status != 200 {
		return owner{}, false, errors.New("the service of API keys answered with status " + status(reply.Status))
	}
	return read(reply.Body)
}

// read takes no answer for a yes or a no that does not say so itself.
func read(body []byte) (owner, bool, error) {
	var answer struct {
		Valid *bool `json:"valid"`
		owner
	}
	if err := json.Unmarshal(body, &answer); err != nil || answer.Valid == nil {
		return owner{}, false, errors.New(`the service of API keys answered with something else than {"valid": …}`)
	}
	if *answer.Valid && answer.Principal == "" {
		return owner{}, false, errors.New("the service of API keys named no principal")
	}
	return answer.owner, *answer.Valid, nil
}
