package main

// names maps tensors of the graph to ours, in the order in which they are written.
var names = list()

type name struct{ long, short string }

func list() []name {
	const (
		kona    = "module_apply_default/Encoder_en/KonaTransformer/Encode/"
		kernels = "module/Encoder_en/KonaTransformer/Encode/"
		whole   = "/ConcatPartitions/concat"
		norm    = "layer_prepostprocess/layer_norm/layer_norm_"
	)
	out := []name{
		{"module/Embeddings_en", "emb"},
		{kona + "TransformerStack/Layer_0/AddTimingSignal/TimingSignal/ExpandDims_1", "timing"},
		{kona + "Layer_0/TransformerLayer/dense/kernel" + whole, "adjust.w"},
		{kona + "Layer_0/TransformerLayer/dense/bias" + whole, "adjust.b"},
		{"module/Encoder_en/hidden_layers/tanh_layer_0/weights", "top.w"},
		{"module/Encoder_en/hidden_layers/tanh_layer_0/bias", "top.b"},
	}
	for _, l := range []string{"0", "1"} {
		layer, stack, to := kona+"Layer_"+l+"/TransformerLayer/", kona+"TransformerStack/Layer_"+l+"/TransformerLayer/", "l"+l+"."
		attention := "MultiheadAttention/"
		out = append(out,
			name{layer + norm + "scale" + whole, to + "ln1.s"},
			name{layer + norm + "bias" + whole, to + "ln1.b"},
			name{kernels + "Layer_" + l + "/TransformerLayer/" + attention + "qkv_transform_single/kernel/part_0", to + "qkv.w"},
			name{layer + attention + "qkv_transform_single/bias" + whole, to + "qkv.b"},
			name{kernels + "Layer_" + l + "/TransformerLayer/" + attention + "output_transform_single/kernel/part_0", to + "out.w"},
			name{layer + attention + "output_transform_single/bias" + whole, to + "out.b"},
			name{layer + "FFN/" + norm + "scale" + whole, to + "ln2.s"},
			name{layer + "FFN/" + norm + "bias" + whole, to + "ln2.b"},
			name{stack + "FFN/conv1/Tensordot/Reshape_1", to + "f1.w"},
			name{layer + "FFN/conv1/bias" + whole, to + "f1.b"},
			name{stack + "FFN/conv2/Tensordot/Reshape_1", to + "f2.w"},
			name{layer + "FFN/conv2/bias" + whole, to + "f2.b"},
		)
	}
	return out
}
