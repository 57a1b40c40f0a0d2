// Command dracel answers, without a cluster, what Kubernetes makes of device selectors.
//
// Standard input is one JSON object with devices and expressions, and texts that may be quantities or versions; standard
// output is one with the answers. The code that decides is that of the API server and of the scheduler; this command only
// calls it in their order: an expression is compiled with the limits of admission and evaluated on each device.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"github.com/google/cel-go/cel"
	resourceapi "k8s.io/api/resource/v1"
	"k8s.io/apiserver/pkg/cel/environment"
	dracel "k8s.io/dynamic-resource-allocation/cel"
)

type question struct {
	Devices     []device `json:"devices"`
	Expressions []string `json:"expressions"`
	Quantities  []string `json:"quantities"`
	Versions    []string `json:"versions"`
}

type device struct {
	Driver     string                                                    `json:"driver"`
	Attributes map[resourceapi.QualifiedName]resourceapi.DeviceAttribute `json:"attributes"`
	Capacity   map[resourceapi.QualifiedName]resourceapi.DeviceCapacity  `json:"capacity"`
}

type answer struct {
	Expressions []verdict  `json:"expressions"`
	Quantities  []quantity `json:"quantities"`
	Versions    []version  `json:"versions"`
}

// verdict is what becomes of an expression.
type verdict struct {
	// Refused says why it is not admitted; empty when it is.
	Refused string `json:"refused,omitempty"`
	// Estimate is the cost that admission expects at most.
	Estimate uint64 `json:"estimate"`
	// Outcomes has a letter for each device: T for true, F for false, E for an error.
	Outcomes string `json:"outcomes,omitempty"`
	// Spent is the cost that evaluation had, for each device. It depends on the order in which Go goes over maps.
	Spent []uint64 `json:"spent,omitempty"`
	// Errors has the message for each device; empty where there is none.
	Errors []string `json:"errors,omitempty"`
}

func main() {
	var asked question
	if err := json.NewDecoder(os.Stdin).Decode(&asked); err != nil {
		fmt.Fprintf(os.Stderr, "dracel: the question cannot be read: %v\n", err)
		os.Exit(2)
	}
	env := dracel.GetCompiler(dracel.Features{}).CompileCELExpression("true", dracel.Options{}).Environment
	found := answer{
		Expressions: []verdict{},
		Quantities:  measured(env, asked.Quantities),
		Versions:    versioned(env, asked.Versions),
	}
	for _, expression := range asked.Expressions {
		found.Expressions = append(found.Expressions, judge(expression, asked.Devices))
	}
	if err := json.NewEncoder(os.Stdout).Encode(found); err != nil {
		fmt.Fprintf(os.Stderr, "dracel: the answer cannot be written: %v\n", err)
		os.Exit(1)
	}
}

// judge admits an expression as the API server does, and evaluates it as the scheduler does. What makes the compiler
// panic is not admitted.
func judge(expression string, devices []device) (found verdict) {
	defer func() {
		if trouble := recover(); trouble != nil {
			found = verdict{Refused: fmt.Sprintf("panic: %v", trouble)}
		}
	}()
	if len(expression) > resourceapi.CELSelectorExpressionMaxLength {
		return verdict{Refused: "too long"}
	}
	admission := environment.NewExpressions
	compiler := dracel.GetCompiler(dracel.Features{})
	compiled := compiler.CompileCELExpression(expression, dracel.Options{EnvType: &admission})
	if compiled.Error != nil {
		return verdict{Refused: firstLine(compiled.Error.Detail)}
	}
	found = verdict{Estimate: compiled.MaxCost}
	if compiled.MaxCost > resourceapi.CELSelectorExpressionMaxCost {
		found.Refused = fmt.Sprintf("too complex, exceeds cost limit: %d", compiled.MaxCost)
		return found
	}
	stored := compiler.CompileCELExpression(expression, dracel.Options{DisableCostEstimation: true})
	for _, item := range devices {
		matches, details, err := stored.DeviceMatches(context.Background(), item.input())
		outcome, message := "F", ""
		switch {
		case err != nil:
			outcome, message = "E", err.Error()
		case matches:
			outcome = "T"
		}
		found.Outcomes += outcome
		found.Errors = append(found.Errors, message)
		found.Spent = append(found.Spent, spent(details))
	}
	return found
}

// input copies a device, since comparing and adding quantities may change them.
func (d device) input() dracel.Device {
	capacity := map[resourceapi.QualifiedName]resourceapi.DeviceCapacity{}
	for name, amount := range d.Capacity {
		capacity[name] = *amount.DeepCopy()
	}
	return dracel.Device{Driver: d.Driver, Attributes: d.Attributes, Capacity: capacity}
}

func spent(details *cel.EvalDetails) uint64 {
	if details == nil || details.ActualCost() == nil {
		return 0
	}
	return *details.ActualCost()
}

// firstLine leaves out the excerpts that a compiler's message has.
func firstLine(text string) string {
	line, _, _ := strings.Cut(strings.TrimPrefix(text, "compilation failed: "), "\n")
	return line
}
