// Package http01 has the path of challenges.
package http01

import "time"

// PathPrefix is where an authority asks.
const PathPrefix = "/.well-known/acme-challenge/"

// An Option changes nothing.
type Option func()

// SetDelay changes nothing.
func SetDelay(time.Duration) Option { return nil }
