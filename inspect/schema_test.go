// SPDX-License-Identifier: Apache-2.0

package inspect

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"libinger/interpose"
)

const schemaPath = "../docs/inspect.schema.json"

type object = map[string]any

// checker validates by the part of JSON Schema that the schema uses; another keyword is an error.
type checker struct{ defs object }

func (c checker) check(at string, schema object, value any) error {
	for keyword, rule := range schema {
		ok := true
		switch keyword {
		case "$schema", "title", "description", "$defs", "required", "additionalProperties":
		case "type":
			ok = hasType(rule.(string), value)
		case "$ref":
			def, found := c.defs[strings.TrimPrefix(rule.(string), "#/$defs/")]
			if !found {
				return fmt.Errorf("%s: no definition %v", at, rule)
			}
			if err := c.check(at, def.(object), value); err != nil {
				return err
			}
		case "enum":
			ok = slices.Contains(rule.([]any), value)
		case "const":
			ok = value == rule
		case "minimum":
			n, number := value.(float64)
			ok = number && n >= rule.(float64)
		case "pattern":
			text, isText := value.(string)
			ok = isText && regexp.MustCompile(rule.(string)).MatchString(text)
		case "items":
			list, isList := value.([]any)
			if ok = isList; ok {
				for i, item := range list {
					if err := c.check(fmt.Sprintf("%s[%d]", at, i), rule.(object), item); err != nil {
						return err
					}
				}
			}
		case "properties":
			members, isObject := value.(object)
			if ok = isObject; !ok {
				break
			}
			for _, name := range schema["required"].([]any) {
				if _, there := members[name.(string)]; !there {
					return fmt.Errorf("%s: %v is not there", at, name)
				}
			}
			for name, member := range members {
				sub, known := rule.(object)[name]
				if !known {
					return fmt.Errorf("%s: %s is not in the schema", at, name)
				}
				if err := c.check(at+"."+name, sub.(object), member); err != nil {
					return err
				}
			}
		default:
			return fmt.Errorf("%s: the test does not know keyword %s", at, keyword)
		}
		if !ok {
			return fmt.Errorf("%s: %v is against %s %v", at, value, keyword, rule)
		}
	}
	return nil
}

func hasType(name string, value any) bool {
	switch v := value.(type) {
	case string:
		return name == "string"
	case bool:
		return name == "boolean"
	case float64:
		return name == "number" || name == "integer" && v == math.Trunc(v)
	case []any:
		return name == "array"
	case object:
		return name == "object"
	}
	return false
}

func readSchema(t *testing.T) (schema object, c checker) {
	t.Helper()
	text, err := os.ReadFile(schemaPath)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &schema); err != nil {
		t.Fatal(err)
	}
	return schema, checker{schema["$defs"].(object)}
}

func asJSON(t *testing.T, r *Report) (value any) {
	t.Helper()
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &value); err != nil {
		t.Fatal(err)
	}
	return value
}

func TestReportsObeyTheSchema(t *testing.T) {
	schema, c := readSchema(t)
	forInstalled(t, func(t *testing.T, path string) {
		if err := c.check("report", schema, asJSON(t, inspectFile(t, path))); err != nil {
			t.Error(err)
		}
	})
	t.Run("a process", func(t *testing.T) {
		prog := build(t, t.TempDir()+"/prog", waits+"int main(void) { wait_here(); return 0; }\n", "-lstdc++")
		if err := c.check("report", schema, asJSON(t, inspectProcess(t, start(t, prog).Process.Pid))); err != nil {
			t.Error(err)
		}
	})
}

func TestSchemaRefusesWhatIsNoReport(t *testing.T) {
	schema, c := readSchema(t)
	changes := map[string]func(o object){
		"a member too much":       func(o object) { o["extra"] = 1.0 },
		"a member missing":        func(o object) { delete(o, "notes") },
		"another type":            func(o object) { o["path"] = 1.0 },
		"an unknown kind":         func(o object) { o["kind"] = "core" },
		"another version":         func(o object) { o["schema"] = 2.0 },
		"an object's address":     func(o object) { o["objects"].([]any)[0].(object)["base"] = "12" },
		"a state":                 func(o object) { first(o)["bound"].(object)["state"] = "lost" },
		"half a number":           func(o object) { o["namespaces"] = 1.5 },
		"null in place of a list": func(o object) { o["missing"] = nil },
	}
	for name, change := range changes {
		t.Run(name, func(t *testing.T) {
			report := asJSON(t, inspectFile(t, "/usr/bin/true")).(object)
			change(report)
			if c.check("report", schema, report) == nil {
				t.Error("accepted")
			}
		})
	}
}

func first(o object) object {
	return o["objects"].([]any)[0].(object)["entries"].([]any)[0].(object)
}

func TestSchemaKnowsEveryClass(t *testing.T) {
	_, c := readSchema(t)
	known := c.defs["entry"].(object)["properties"].(object)["class"].(object)["enum"].([]any)
	classes := []string{classLibset, classOne, classProgram, classData, classThread, classDirect, classNone}
	for _, row := range interpose.Rows() {
		classes = append(classes, row.Class.String())
	}
	for _, class := range classes {
		if !slices.Contains(known, any(class)) {
			t.Errorf("class %s is not in %s", class, schemaPath)
		}
	}
}
