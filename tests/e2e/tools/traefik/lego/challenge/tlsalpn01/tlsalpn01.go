// Package tlsalpn01 has the protocol of challenges.
package tlsalpn01

import (
	"time"

	"github.com/go-acme/lego/v5/challenge"
)

// ACMETLS1Protocol is the protocol by which an authority asks.
const ACMETLS1Protocol = "acme-tls/1"

// An Option changes nothing.
type Option func()

// SetDelay changes nothing.
func SetDelay(time.Duration) Option { return nil }

// ChallengeBlocks gives none.
func ChallengeBlocks(string, string) ([]byte, []byte, error) { return nil, nil, challenge.ErrStandIn }
