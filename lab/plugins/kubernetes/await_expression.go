package kubernetes

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/util/jsonpath"
)

// expressionWait is the annotation pulumi.com/waitFor: one expression or a JSON list of them, in
// the form of `kubectl wait --for`: `condition=Ready`, `condition=Ready=False`,
// `jsonpath={.data.x}=1`, or `jsonpath={.data.x}` for any value.
type expressionWait struct {
	live  *unstructured.Unstructured
	tests []expression
}

// expression tells whether an object meets it, and if not, what is missing. A condition that is
// left from before an update counts.
type expression func(object *unstructured.Unstructured) (met bool, missing string)

func newExpressionWait(annotation string, live *unstructured.Unstructured) (*expressionWait, error) {
	var texts []string
	if err := json.Unmarshal([]byte(annotation), &texts); err != nil {
		texts = []string{annotation}
	}
	if len(texts) == 0 {
		return nil, errors.New("at least one condition must be specified")
	}
	w := &expressionWait{live: live}
	for _, text := range texts {
		test, err := parseExpression(text)
		if err != nil {
			return nil, err
		}
		w.tests = append(w.tests, test)
	}
	return w, nil
}

func (*expressionWait) watches() []string                    { return []string{kindSelf} }
func (w *expressionWait) object() *unstructured.Unstructured { return w.live }

func (w *expressionWait) observe(_ string, deleted bool, object *unstructured.Unstructured) {
	if !deleted {
		w.live = object
	}
}

func (w *expressionWait) done() bool { return len(w.reasons()) == 0 }

func (w *expressionWait) progress() string { return strings.Join(w.reasons(), "; ") }

func (w *expressionWait) reasons() []string {
	var missing []string
	for _, test := range w.tests {
		if met, text := test(w.live); !met {
			missing = append(missing, text)
		}
	}
	return missing
}

func (w *expressionWait) expired() error {
	return &waitError{message: "timed out waiting for the condition", reasons: w.reasons(), object: w.live}
}

func parseExpression(text string) (expression, error) {
	if rest, found := strings.CutPrefix(text, "condition="); found {
		kind, status, given := strings.Cut(rest, "=")
		if !given {
			status = "True"
		}
		return conditionTest(kind, status), nil
	}
	if rest, found := strings.CutPrefix(text, "jsonpath="); found {
		return parsePathTest(rest)
	}
	return nil, fmt.Errorf(`expected a "jsonpath=" or "condition=" prefix, got %q`, text)
}

func conditionTest(kind, status string) expression {
	return func(object *unstructured.Unstructured) (bool, string) {
		conditions := conditionsOf(object)
		if len(conditions) == 0 {
			return false, "Has no .status.conditions"
		}
		for _, c := range conditions {
			if !strings.EqualFold(c.kind, kind) {
				continue
			}
			observed, known := c.fields["observedGeneration"].(int64)
			if !known {
				observed, known, _ = unstructured.NestedInt64(object.Object, "status", "observedGeneration")
			}
			if known && observed < object.GetGeneration() {
				return false, fmt.Sprintf("Generation %d is less than expected %d", observed, object.GetGeneration())
			}
			return strings.EqualFold(c.status, status),
				fmt.Sprintf("Resource has condition %s=%s (want %s)", kind, c.status, status)
		}
		return false, fmt.Sprintf("Has no condition %s", kind)
	}
}

// pathForm splits `{.a.b}=value`; an equals sign inside the braces belongs to the path.
var pathForm = regexp.MustCompile(`^(\{.*\})(=(.*))?$`)

func parsePathTest(text string) (expression, error) {
	parts := pathForm.FindStringSubmatch(text)
	switch {
	case strings.HasPrefix(text, "'"):
		return nil, fmt.Errorf("%s should omit shell quotes", text)
	case parts == nil:
		return nil, fmt.Errorf("%s should be wrapped in brackets { ... }, as in {.path}=value or {.path}", text)
	case parts[2] == "=":
		return nil, fmt.Errorf("%s requires a value", text)
	}
	path, wanted := parts[1], parts[3]
	parser := jsonpath.New("waitFor").AllowMissingKeys(true)
	if err := parser.Parse(path); err != nil {
		return nil, fmt.Errorf("parsing %q: %w", path, err)
	}
	return func(object *unstructured.Unstructured) (bool, string) {
		if observed, known, _ := unstructured.NestedInt64(object.Object, "status", "observedGeneration"); known &&
			observed < object.GetGeneration() {
			return false, fmt.Sprintf("Waiting for jsonpath=%s", text)
		}
		results, err := parser.FindResults(object.Object)
		if err != nil || len(results) == 0 || len(results[0]) == 0 {
			return false, path + " selected nothing"
		}
		found := fmt.Sprint(results[0][0].Interface())
		return wanted == "" || found == wanted, fmt.Sprintf("Waiting for jsonpath=%s (found %q)", text, found)
	}, nil
}
