package main

import (
	"encoding/json"
	"fmt"
	"math"

	"github.com/blang/semver/v4"
	"github.com/google/cel-go/cel"
	"k8s.io/apimachinery/pkg/api/resource"
)

// quantity is what becomes of a text that may be one.
type quantity struct {
	Valid bool `json:"valid"`
	// Rank counts the quantities before it in the question that are less.
	Rank int `json:"rank"`
	// Integer is its value where it can be taken as an integer.
	Integer *int64 `json:"integer,omitempty"`
	// Approximate is its value as a double; a text, since it may be infinite.
	Approximate string `json:"approximate,omitempty"`
	// Sum is the sum with the quantity before it, where that can be taken as an integer.
	Sum *int64 `json:"sum,omitempty"`
}

// version is what becomes of a text that may be one.
type version struct {
	Strict     ranked `json:"strict"`
	Normalized ranked `json:"normalized"`
}

type ranked struct {
	Valid bool `json:"valid"`
	// Rank counts the versions of its kind in the question that are less.
	Rank int `json:"rank"`
}

// value evaluates an expression about one text; nil when that fails.
func value(env *cel.Env, format, text string) any {
	quoted, err := json.Marshal(text)
	if err != nil {
		return nil
	}
	checked, issues := env.Compile(fmt.Sprintf(format, quoted))
	if issues != nil && issues.Err() != nil {
		return nil
	}
	program, err := env.Program(checked)
	if err != nil {
		return nil
	}
	found, _, err := program.Eval(map[string]any{})
	if err != nil {
		return nil
	}
	return found.Value()
}

func measured(env *cel.Env, texts []string) []quantity {
	parsed := []*resource.Quantity{}
	found := []quantity{}
	for _, text := range texts {
		one, _ := value(env, "quantity(%s)", text).(*resource.Quantity)
		parsed = append(parsed, one)
	}
	var last *resource.Quantity
	for _, one := range parsed {
		answer := quantity{Valid: one != nil}
		if one != nil {
			for _, other := range parsed {
				if other != nil && less(*other, *one) {
					answer.Rank++
				}
			}
			answer.Integer = integer(*one)
			answer.Approximate = approximate(*one)
			if last != nil {
				sum, other := one.DeepCopy(), last.DeepCopy()
				sum.Add(other)
				answer.Sum = integer(sum)
			}
			last = one
		}
		found = append(found, answer)
	}
	return found
}

// less compares copies, since comparing may change what is compared.
func less(one, other resource.Quantity) bool {
	one, other = one.DeepCopy(), other.DeepCopy()
	return one.Cmp(other) < 0
}

func integer(one resource.Quantity) *int64 {
	number, ok := one.AsInt64()
	if !ok {
		return nil
	}
	return &number
}

func approximate(one resource.Quantity) string {
	number := one.AsApproximateFloat64()
	if math.IsInf(number, 0) {
		return fmt.Sprintf("%v", number)
	}
	return fmt.Sprintf("%.17g", number)
}

func versioned(env *cel.Env, texts []string) []version {
	strict, normalized := ranks(env, "semver(%s)", texts), ranks(env, "semver(%s, true)", texts)
	found := []version{}
	for place := range texts {
		found = append(found, version{Strict: strict[place], Normalized: normalized[place]})
	}
	return found
}

func ranks(env *cel.Env, format string, texts []string) []ranked {
	parsed := []*semver.Version{}
	for _, text := range texts {
		if one, valid := value(env, format, text).(semver.Version); valid {
			parsed = append(parsed, &one)
		} else {
			parsed = append(parsed, nil)
		}
	}
	found := []ranked{}
	for _, one := range parsed {
		answer := ranked{Valid: one != nil}
		for _, other := range parsed {
			if one != nil && other != nil && other.LT(*one) {
				answer.Rank++
			}
		}
		found = append(found, answer)
	}
	return found
}
