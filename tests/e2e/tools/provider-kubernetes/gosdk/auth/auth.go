// Package auth stands in for the package of the same name; see the parent folder.
package auth

// A BearerToken is never handed out.
type BearerToken struct{ Token string }

// A KeyParser parses nothing.
type KeyParser struct{}

// NewPrivateKeyParser ignores what it is given.
func NewPrivateKeyParser([]byte, string, string) KeyParser { return KeyParser{} }
