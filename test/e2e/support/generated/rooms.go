// Uses the client that was generated from the OpenAPI document: arguments are an API key, a room and a user.
package main

import (
	"context"
	"encoding/json"
	"edgerooms"
	"fmt"
	"os"
)

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func main() {
	key, room, user := os.Args[1], os.Args[2], os.Args[3]
	configuration := edgerooms.NewConfiguration()
	client := edgerooms.NewAPIClient(configuration)
	ctx := context.WithValue(context.Background(), edgerooms.ContextAccessToken, key)

	message := edgerooms.NewMessageBody(map[string]interface{}{"text": "from Go", "parts": []interface{}{1, nil}})
	message.SetId("go-1")
	message.SetFrom(*edgerooms.NewSender(user))
	message.SetMentions([]string{"bo"})
	stored, _, err := client.RoomsApi.PublishMessage(ctx, room).MessageBody(*message).Execute()
	check(err)
	again, _, err := client.RoomsApi.PublishMessage(ctx, room).MessageBody(*message).Execute()
	check(err)
	page, _, err := client.RoomsApi.ListMessages(ctx, room).Limit(10).Topics([]string{"chat"}).Execute()
	check(err)
	messages := [][]interface{}{}
	for _, m := range page.Messages {
		var from interface{}
		if sender := m.From.Get(); sender != nil {
			from = sender.Id
		}
		messages = append(messages, []interface{}{m.Seq, m.Event, from, m.Data, m.GetMentions()})
	}
	notification := edgerooms.NewNotifyBody("Go", "It works")
	notification.SetUser(user)
	notification.SetPriority("high")
	told, _, err := client.UsersApi.Notify(ctx).NotifyBody(*notification).Execute()
	check(err)
	notified := [][]interface{}{}
	for _, entry := range told.Results {
		notified = append(notified, []interface{}{entry.User, entry.GetSeq()})
	}
	_, response, err := client.RoomsApi.EditMessage(ctx, room, 999999).EditBody(*edgerooms.NewEditBody(1)).Execute()
	refusal := []interface{}{response.StatusCode, err.(edgerooms.GenericOpenAPIError).Model().(edgerooms.ErrorBody).Error.Code}

	check(json.NewEncoder(os.Stdout).Encode(map[string]interface{}{
		"host":      configuration.Servers[0].URL,
		"seq":       stored.Seq,
		"duplicate": []interface{}{stored.Duplicate, again.Duplicate, again.Seq},
		"messages":  messages,
		"notified":  notified,
		"refusal":   refusal,
	}))
}
