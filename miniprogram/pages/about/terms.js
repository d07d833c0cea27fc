// What one agrees to by booking here.

Page({
  data: { status: 'ready' },
})
