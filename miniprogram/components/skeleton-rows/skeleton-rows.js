// Where content will stand, at about its size, so that nothing jumps when it comes.

Component({
  properties: { kind: { type: String, value: 'list' } },
})
