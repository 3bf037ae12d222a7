#!/bin/sh
# Copies the files of a folder ($1) that another one ($2) does not have. What is there is people's: it stays as it is. A
# file appears whole or not at all, so that a start that was cut off leaves no half of one.
set -eu

main() {
  mkdir -p "$2"
  for file in "$1"/*; do
    target=$2/$(basename "$file")
    if [ -f "$file" ] && [ ! -e "$target" ]; then
      cp "$file" "$target.seed"
      mv "$target.seed" "$target"
    fi
  done
}

main "$@"
