// What is wrong, by the stable codes of the API's problem documents.

export const problems = {
  codes: {
    name_taken: "There is one like this already.", email_taken: "Another agent has this e-mail address.", stale: "Somebody else has changed this in the meantime. Close it, open it again and repeat your change.", too_many: "There are as many as there may be. Delete some first.",
    self: "You can't lock yourself out or change your own role.", owner_only: "Only an owner may change an owner, or make one.", team_in_use: "The team has conversations that are not closed. Transfer them first.", role_not_allowed: "Your role does not allow this.",
    agent_disabled: "The agent is locked.", already_accepted: "The agent has chosen a password already.", wrong_password: "The password is wrong.", password_common: "This password is among the first that anyone tries.", password_same: "This is the password you have.", password_invalid: "This can't be a password.",
    totp_invalid: "This code is wrong, or was used already.", totp_enabled: "The second factor is on already.", webhook_not_active: "The webhook is not active. Resume it first.", too_many_webhooks: "There are as many webhooks as there may be.",
    too_many_exports: "Several exports are still being made. Wait for one of them, or delete it.", too_many_attempts: "Too many wrong attempts. Try again later.", too_many_mails: "Too many mails were sent. Try again later.", origin_invalid: "One of these is not an exact origin such as https://shop.example.com.",
    // Knowledge.
    document_too_large: "The document is larger than this server takes. Split it.", knowledge_full: "All documents together are as large as they may be. Delete some first.", format_unknown: "Only PDF, Word (.docx), Markdown (.md), HTML (.html), text (.txt) and tables (.csv, .tsv) can be read.", file_protected: "The file is protected by a password. Save it without one.", file_without_text: "There is no text in the file. Pictures of text can’t be read.", file_unreadable: "The file is broken, or not what its name says.", not_text: "The file is no text in UTF-8, UTF-16 or GB 18030.", no_such_version: "This version is not kept any more.", no_canary: "No version is being tried any more.", knowledge_off: "This server has no knowledge base.",
    // Messages and conversations.
    too_late: "A message can be changed for 15 minutes after it was sent.", message_recalled: "The message was taken back.", not_yours: "This is for whoever sent it.", system_message: "What the system says can't be changed.", unknown_label: "There is no such label any more.", already_assigned: "Somebody was faster and has this conversation.",
    conversation_open: "The visitor has another conversation that is open.", no_address: "No e-mail address of the visitor is known.", mail_not_configured: "This server sends no mail.", being_erased: "This person is being erased.", erased: "This person was erased.", tenant_erased: "The data was erased.", keys_unavailable: "The data can't be opened right now.", too_many_questions: "Several of your questions are being answered still. Wait for one of them.",
    // Files.
    file_too_large: "The file is larger than this server takes.", image_too_large: "The picture has too many pixels.", file_empty: "The file is empty.", file_broken: "The file is broken and can't be read.", file_type_not_allowed: "Files of this kind are not taken. Pictures, PDF, office documents, text, ZIP, sound and video are.", file_type_mismatch: "The file is not what its name says.", archive_bomb: "The archive unpacks to too much.", not_an_image: "The file is no picture.",
    quota_exceeded: "There is no room left for files.", uploads_unsent: "Too many files were sent up that no message names. Wait a while.", upload_not_found: "The file is not there any more.", upload_sent: "A message names the file. Take the message back.", files_unavailable: "Files can't be kept or read right now.",
  },
  /** What is wrong with a field. */
  fields: { short: "At least {n} characters.", long: "At most {n} characters.", length: "{n} to {most} characters.", least: "At least {n}.", most: "At most {n}.", range: "From {n} to {most}.", many: "At most {n}.", email: "This is no e-mail address.", url: "This is no web address such as https://example.com." },
  /** Stands for the problem's title where another language than the server's is spoken. */
  conflict: "As it stands now, this can't be done. It may have changed just now.",
  detailed: "{what} ({detail})",
  /** Why the server did not take a message, by the code of its ERROR packet. */
  refused: { e400: "the message is not in a form that can be sent", e403: "you may not write here", e404: "the conversation is not there, or not yours to see", e409: "the conversation does not take it as it stands", e413: "it is too long or too large", e507: "there is no room left", other: "something went wrong on the server" },
};
