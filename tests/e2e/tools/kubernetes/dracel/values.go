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
		item, _ := value(env, "quantity(%s)", text).(*resource.Quantity)
		parsed = append(parsed, item)
	}
	var last *resource.Quantity
	for _, item := range parsed {
		answer := quantity{Valid: item != nil}
		if item != nil {
			for _, other := range parsed {
				if other != nil && less(*other, *item) {
					answer.Rank++
				}
			}
			answer.Integer = integer(*item)
			answer.Approximate = approximate(*item)
			if last != nil {
				sum, other := item.DeepCopy(), last.DeepCopy()
				sum.Add(other)
				answer.Sum = integer(sum)
			}
			last = item
		}
		found = append(found, answer)
	}
	return found
}

// less compares copies, since comparing may change what is compared.
func less(q, other resource.Quantity) bool {
	q, other = q.DeepCopy(), other.DeepCopy()
	return q.Cmp(other) < 0
}

func integer(q resource.Quantity) *int64 {
	number, ok := q.AsInt64()
	if !ok {
		return nil
	}
	return &number
}

func approximate(q resource.Quantity) string {
	number := q.AsApproximateFloat64()
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
		if item, valid := value(env, format, text).(semver.Version); valid {
			parsed = append(parsed, &item)
		} else {
			parsed = append(parsed, nil)
		}
	}
	found := []ranked{}
	for _, item := range parsed {
		answer := ranked{Valid: item != nil}
		for _, other := range parsed {
			if item != nil && other != nil && other.LT(*item) {
				answer.Rank++
			}
		}
		found = append(found, answer)
	}
	return found
}
