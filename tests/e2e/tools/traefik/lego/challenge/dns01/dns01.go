// Package dns01 has options that change nothing.
package dns01

import (
	"strings"
	"time"
)

// A ChallengeOption changes nothing.
type ChallengeOption func()

// Options name servers.
type Options struct{ RecursiveNameservers []string }

// A Client does nothing.
type Client struct{}

// NewClient gives one.
func NewClient(*Options) *Client { return nil }

// SetDefaultClient changes nothing.
func SetDefaultClient(*Client) {}

// LazyCondOption changes nothing.
func LazyCondOption(bool, func() ChallengeOption) ChallengeOption { return nil }

// CombineOptions changes nothing.
func CombineOptions(...ChallengeOption) ChallengeOption { return nil }

// CondOptions changes nothing.
func CondOptions(bool, ...ChallengeOption) ChallengeOption { return nil }

// DisableAuthoritativeNssPropagationRequirement changes nothing.
func DisableAuthoritativeNssPropagationRequirement() ChallengeOption { return nil }

// DisableRecursiveNSsPropagationRequirement changes nothing.
func DisableRecursiveNSsPropagationRequirement() ChallengeOption { return nil }

// PropagationWait changes nothing.
func PropagationWait(time.Duration, bool) ChallengeOption { return nil }

// UnFqdn takes the dot from the end of a name.
func UnFqdn(name string) string { return strings.TrimSuffix(name, ".") }
