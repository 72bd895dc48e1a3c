export const card = {
  send: "Send a card", asCard: "Send as card: {name}", title: "Title", text: "Text", price: "Price", currency: "Currency", url: "Link", image: "Picture", imageText: "The address of a picture on the web, with https.", sample: "The card",
  badLink: "An address begins with https:// or http://.", badImage: "A picture's address begins with https://.", badCurrency: "Three letters, such as CNY.", show: "Show the picture from {host}", pictureLost: "The picture could not be loaded.", lines: "{name} × {n}",
};
