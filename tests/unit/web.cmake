foreach(name IN ITEMS web_html web_form web_words web_route web_refusal web_parts)
  dayfour_unit_test(${name} USES web_words dayfour_runtime)
endforeach()
