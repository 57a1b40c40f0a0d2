// Package certcrypto has the names of key types.
package certcrypto

// A KeyType is a name.
type KeyType string

// The key types that Traefik knows.
const (
	EC256   = KeyType("EC256")
	EC384   = KeyType("EC384")
	RSA2048 = KeyType("RSA2048")
	RSA4096 = KeyType("RSA4096")
	RSA8192 = KeyType("RSA8192")
)
