export const guide = {
  title: "Answer your first chat", text: "Four steps, about two minutes.", finished: "Your first chat is answered", finishedText: "That is all there is to it.", skip: "Skip the guide", login: "Log in",
  online: "Done. You are online: new conversations can be given to you.", offline: "Done. Set your status to online in the menu at the bottom left, so that conversations are given to you.",
  try: "Write as a visitor", tryText: "Open a page with the widget in another tab, and write something into it.", demo: "Open the demo shop", noKey: "Make a site key in the settings, and put its snippet into your page.", askAdmin: "Ask an admin for a page with the widget in it.",
  accept: "Accept the chat", acceptText: "It appears in the list on the left, given to you or waiting. Press A to accept a waiting one.", answer: "Answer", answerText: "Open it, press R, write, and press Enter. The visitor sees it at once.", open: "Open the chat", next: "Put the widget into your own pages, add your team and canned replies:",
};
