module example.com/team-keys

go 1.26

require tidegate.dev/plugin v0.0.0

replace tidegate.dev/plugin => ./.tidegate/sdk/go
