package unit

import (
	"fmt"
	"strings"
)

// Split cuts a value into words by systemd's quoting rules: single and double quotes group, a backslash escapes.
func Split(value string) ([]string, error) {
	var words []string
	var word strings.Builder
	inWord, quote := false, byte(0)
	for i := 0; i < len(value); i++ {
		c := value[i]
		switch {
		case c == '\\' && i+1 < len(value):
			i++
			word.WriteString(unescape(value[i]))
			inWord = true
		case quote != 0 && c == quote:
			quote = 0
		case quote == 0 && (c == '\'' || c == '"'):
			quote, inWord = c, true
		case quote == 0 && (c == ' ' || c == '\t'):
			if inWord {
				words = append(words, word.String())
				word.Reset()
			}
			inWord = false
		default:
			word.WriteByte(c)
			inWord = true
		}
	}
	if quote != 0 {
		return nil, fmt.Errorf("unbalanced quotes in %q", value)
	}
	if inWord {
		words = append(words, word.String())
	}
	return words, nil
}

func unescape(c byte) string {
	switch c {
	case 'n':
		return "\n"
	case 't':
		return "\t"
	case 's':
		return " "
	case '\\', '"', '\'':
		return string(c)
	}
	return "\\" + string(c)
}

// Arguments gives the command's words with variables replaced: `${A}` in place, a word `$A` by its value's words.
func (c Command) Arguments(environment map[string]string) ([]string, error) {
	words, err := Split(c.Line)
	if err != nil || c.NoExpansion {
		return words, err
	}
	var expanded []string
	for i, word := range words {
		if i > 0 && strings.HasPrefix(word, "$") && isName(word[1:]) {
			expanded = append(expanded, strings.Fields(environment[word[1:]])...)
			continue
		}
		expanded = append(expanded, expandBraces(word, environment))
	}
	if len(expanded) == 0 {
		return nil, fmt.Errorf("no command in %q", c.Line)
	}
	return expanded, nil
}

func isName(text string) bool {
	for i, c := range text {
		letter := c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		if !letter && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return text != ""
}

func expandBraces(word string, environment map[string]string) string {
	var out strings.Builder
	for i := 0; i < len(word); i++ {
		rest := word[i:]
		switch end := strings.IndexByte(rest, '}'); {
		case strings.HasPrefix(rest, "$$"):
			out.WriteByte('$')
			i++
		case strings.HasPrefix(rest, "${") && end > 2 && isName(rest[2:end]):
			out.WriteString(environment[rest[2:end]])
			i += end
		default:
			out.WriteByte(word[i])
		}
	}
	return out.String()
}
