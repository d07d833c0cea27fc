// What is kept of a person, for how long, and who sees it: as the server's tables have it.

Page({
  data: { status: 'ready' },
})
