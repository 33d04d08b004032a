module tidegate.dev/plugin

go 1.26
