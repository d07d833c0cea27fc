// Asking where things are on the page.

export function addQueries(wx, mp) {
  wx.createSelectorQuery = () => {
    const query = mp.router.current.caller.createSelectorQuery();
    query.in = (component) => component.createSelectorQuery();
    return query;
  };
  wx.createIntersectionObserver = (component, options) => component.createIntersectionObserver(options);
}
